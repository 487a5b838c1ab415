// OpenedDevice: a device that was opened and proven to be the one that was meant. While it is open
// its number cannot be given to another disk, so what was checked is what is used.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "base/unique_fd.h"
#include "mount/filesystem.h"

namespace nvmeof::mount {

enum class DeviceCheck {
  kBlockDevice,
  kAnyFile,  // for tests over image files: the number is not looked at
};

// Movable. Safe to use from several threads for reading.
class OpenedDevice {
 public:
  // For reading. FailedPrecondition when the node is not the block device with that number,
  // NotFound when there is none, Unavailable when the disk has no size: its last path is gone.
  static absl::StatusOr<OpenedDevice> Open(const Device& device, DeviceCheck check);

  // The same disk once more, with other flags of open(2). FailedPrecondition when O_EXCL is asked
  // and somebody else uses the disk.
  absl::StatusOr<base::UniqueFd> Reopen(int flags) const;

  int fd() const { return fd_.get(); }
  std::uint64_t size() const { return size_; }

  // For messages.
  const std::string& name() const { return name_; }

  // A path by which another process of ours opens this very device, whatever its name leads to by
  // then; as long as this object lives.
  std::string ToolPath() const;

 private:
  OpenedDevice(base::UniqueFd fd, std::uint64_t size, std::string name)
      : fd_(std::move(fd)), size_(size), name_(std::move(name)) {}

  base::UniqueFd fd_;
  std::uint64_t size_;
  std::string name_;
};

}  // namespace nvmeof::mount
