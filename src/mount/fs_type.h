// FsType: what differs between the file systems that we make and keep: their tools, when they need
// a check, how they grow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/command.h"
#include "mount/opened_device.h"

namespace nvmeof::mount {

// In blocks of the file system.
struct Extent {
  std::uint64_t now = 0;
  std::uint64_t possible = 0;  // on the disk as it is, without a rest too small to be used
};

// Immutable; safe to use from several threads.
class FsType {
 public:
  virtual ~FsType() = default;

  // The smallest disk that it is made on.
  virtual std::uint64_t least_bytes() const = 0;

  // argv that makes one on a blank disk, never by force.
  virtual std::vector<std::string> FormatCommand(const std::string& path) const = 0;

  // As FileSystems::Check.
  virtual absl::Status Check(const OpenedDevice& device, base::CommandRunner& runner,
                             absl::Time deadline) const = 0;

  // True while an unfinished mkfs could have left what is on the disk. Nobody can have mounted it.
  virtual absl::StatusOr<bool> IsUnfinished(const OpenedDevice& device) const = 0;

  // `mount` is an open folder of the mounted file system.
  virtual absl::StatusOr<Extent> Measure(const OpenedDevice& device, int mount) const = 0;
  virtual absl::Status Grow(int mount, std::uint64_t blocks) const = 0;
};

}  // namespace nvmeof::mount
