// Why the kernel may refuse a host: since Linux 6.5 one host NQN goes with one host id, and the
// other way round, as long as any controller of the machine uses either.
#pragma once

#include <optional>
#include <string>

#include "nvme/fabric.h"

namespace nvmeof::nvme {

// The controller that uses this host's NQN with another id, or its id with another NQN, in words;
// nothing when there is none. Looks at all controllers: for the path of an error.
[[nodiscard]] std::optional<std::string> FindHostConflict(const std::string& sys_root,
                                                          const HostIdentity& host);

}  // namespace nvmeof::nvme
