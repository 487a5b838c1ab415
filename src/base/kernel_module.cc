#include "base/kernel_module.h"

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"

#include "base/log.h"

namespace nvmeof::base {

void LoadMissingModule(const absl::Status& found, const std::string& name, CommandRunner& commands,
                       absl::Time deadline) {
  if (found.ok()) return;
  const absl::StatusOr<CommandResult> result = commands.Run({"modprobe", name}, deadline);
  if (result.ok() && result->exit_code == 0) return;
  Log(Level::kWarning, "kernel module not loaded",
      {{"module", name},
       {"error", result.ok() ? std::string(absl::StripAsciiWhitespace(result->output))
                             : std::string(result.status().message())}});
}

}  // namespace nvmeof::base
