// Which loop devices the machine has: the one way of stacking on a disk that sysfs does not list
// under the disk's holders.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "base/device_number.h"

namespace nvmeof::nvme {

// True when a loop device reads its data from this block device, under whatever path it was opened
// (the kubelet uses a loop device of its own for each raw block volume). Opens no other device.
// Blocks only if the file behind some loop device lies on a file system that hangs.
[[nodiscard]] absl::StatusOr<bool> IsBehindLoopDevice(const std::string& sys_root,
                                                      const std::string& dev_root,
                                                      base::DeviceNumber number);

}  // namespace nvmeof::nvme
