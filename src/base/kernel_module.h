// Asks for modules of the running kernel.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/command.h"

namespace nvmeof::base {

// Enough for modprobe on a busy machine.
inline constexpr absl::Duration kModulePatience = absl::Seconds(30);

// Runs modprobe, which finds the module and those that it needs in /lib/modules, unless `found` is
// OK: unless what the module brings is there already. For modprobe fails for a module that is
// loaded when its files are gone, as they are between the upgrade of a kernel and the reboot.
//
// What fails is logged, with modprobe's words, and is no reason to stop: whoever needs the module
// goes on saying that it is missing, and what does not need it goes on. Blocks until the deadline.
void LoadMissingModule(const absl::Status& found, const std::string& name, CommandRunner& commands,
                       absl::Time deadline);

}  // namespace nvmeof::base
