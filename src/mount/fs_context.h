// FsContext: a mount in the making (fsopen(2)): the file system gets its options one by one and
// answers each in words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "base/unique_fd.h"
#include "mount/mount_options.h"

namespace nvmeof::mount {

// Movable; one thread at a time. The messages of errors end with what the kernel says about it.
class FsContext {
 public:
  // FailedPrecondition when the kernel has no such file system.
  static absl::StatusOr<FsContext> Open(const std::string& fs_type);

  // InvalidArgument when the file system does not know the option or takes no such value.
  absl::Status Set(const MountParameter& parameter);

  // Reads the disk and gives a mount that is attached nowhere yet and goes when it is closed.
  // FailedPrecondition when the file system refuses what it finds on the disk, or is in use.
  absl::StatusOr<base::UniqueFd> Create(std::uint64_t attributes);

 private:
  explicit FsContext(base::UniqueFd fd) : fd_(std::move(fd)) {}
  std::string Words() const;

  base::UniqueFd fd_;
};

}  // namespace nvmeof::mount
