#include "nvme/loop_devices.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

absl::StatusOr<bool> IsBehindLoopDevice(const std::string& sys_root, const std::string& dev_root,
                                        base::DeviceNumber number) {
  const absl::StatusOr<SysfsDirectory> disks =
      SysfsDirectory::Open(absl::StrCat(sys_root, "/block"));
  if (absl::IsNotFound(disks.status())) return false;
  RETURN_IF_ERROR(disks.status());
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disks->List());
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, "loop")) continue;
    // Shown only while a file is attached.
    if (!disks->Read(absl::StrCat(name, "/loop/backing_file")).ok()) continue;
    const base::UniqueFd device(
        ::open(absl::StrCat(dev_root, "/", name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    // The attribute is a path as somebody else saw it; the kernel's own number is not.
    loop_info64 loop = {};
    if (!device.ok() || ::ioctl(device.get(), LOOP_GET_STATUS64, &loop) != 0) continue;
    if (major(loop.lo_rdevice) == number.major && minor(loop.lo_rdevice) == number.minor) {
      return true;
    }
  }
  return false;
}

}  // namespace nvmeof::nvme
