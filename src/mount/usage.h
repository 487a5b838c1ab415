// FsUsage: how full a mounted file system is, as statvfs(3) says.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace nvmeof::mount {

struct FsUsage {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // to those without privilege
  std::int64_t used_bytes = 0;       // used + available may be less than total: reserved blocks
  std::int64_t total_inodes = 0;
  std::int64_t available_inodes = 0;
  std::int64_t used_inodes = 0;
};

// Of the file system that holds `path`. Errors are those of ErrnoStatus. May block for as long as
// the disk under it does not answer: ask the topology before.
[[nodiscard]] absl::StatusOr<FsUsage> ReadUsage(const std::string& path);

}  // namespace nvmeof::mount
