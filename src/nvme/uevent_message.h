// One message of the kernel's uevent broadcast. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace nvmeof::nvme {

// True for a message ("add@/devices/...", then KEY=VALUE, each ended by a zero byte) about an NVMe
// controller, subsystem or disk. Disks of other kinds are block devices too, but nothing that an
// attach waits for.
[[nodiscard]] bool ConcernsNvme(absl::string_view message);

}  // namespace nvmeof::nvme
