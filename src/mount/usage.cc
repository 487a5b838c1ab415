#include "mount/usage.h"

#include <sys/statvfs.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"

namespace nvmeof::mount {

absl::StatusOr<FsUsage> ReadUsage(const std::string& path) {
  struct statvfs stats {};
  if (::statvfs(path.c_str(), &stats) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("read the usage of ", path));
  }
  const auto bytes = [&stats](fsblkcnt_t blocks) {
    return static_cast<std::int64_t>(blocks * stats.f_frsize);
  };
  FsUsage usage;
  usage.total_bytes = bytes(stats.f_blocks);
  usage.available_bytes = bytes(stats.f_bavail);
  usage.used_bytes = bytes(stats.f_blocks - stats.f_bfree);
  usage.total_inodes = static_cast<std::int64_t>(stats.f_files);
  usage.available_inodes = static_cast<std::int64_t>(stats.f_favail);
  usage.used_inodes = static_cast<std::int64_t>(stats.f_files - stats.f_ffree);
  return usage;
}

}  // namespace nvmeof::mount
