#include "mount/opened_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/device_number.h"
#include "base/errno_status.h"
#include "base/status_macros.h"

namespace nvmeof::mount {
namespace {

absl::Status RequireNumber(int fd, const Device& device) {
  struct stat stat {};
  if (::fstat(fd, &stat) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("look at ", device.path));
  }
  if (!S_ISBLK(stat.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(device.path, " is not a block device"));
  }
  const base::DeviceNumber number{gnu_dev_major(stat.st_rdev), gnu_dev_minor(stat.st_rdev)};
  if (number == device.number) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(device.path, " is ", base::Describe(number),
                                                    " now, not ", base::Describe(device.number)));
}

}  // namespace

absl::StatusOr<OpenedDevice> OpenedDevice::Open(const Device& device, DeviceCheck check) {
  base::UniqueFd fd(::open(device.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", device.path));
  if (check == DeviceCheck::kBlockDevice) RETURN_IF_ERROR(RequireNumber(fd.get(), device));
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0) return base::ErrnoStatus(errno, absl::StrCat("size of ", device.path));
  if (size == 0) return absl::UnavailableError(absl::StrCat(device.path, " has no size"));
  return OpenedDevice(std::move(fd), static_cast<std::uint64_t>(size), device.path);
}

absl::StatusOr<base::UniqueFd> OpenedDevice::Reopen(int flags) const {
  base::UniqueFd fd(::open(ToolPath().c_str(), flags | O_CLOEXEC));
  if (fd.ok()) return fd;
  if (errno == EBUSY) {
    return absl::FailedPreconditionError(absl::StrCat(name_, " is in use on this node"));
  }
  return base::ErrnoStatus(errno, absl::StrCat("open ", name_));
}

std::string OpenedDevice::ToolPath() const {
  return absl::StrCat("/proc/", ::getpid(), "/fd/", fd_.get());
}

}  // namespace nvmeof::mount
