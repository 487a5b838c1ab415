#include "target/file_pool.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

using base::ErrnoStatus;
using base::UniqueFd;
using volume::Provisioning;

constexpr char kImage[] = ".img";
constexpr char kUnfinished[] = ".new";
constexpr int kBytesPerStatBlock = 512;  // stat(2), whatever the file system's block size

// ext4 counts a file's blocks in 32 bits.
absl::StatusOr<volume::SizeRules> RulesOf(const std::string& directory) {
  struct statfs found {};
  if (::statfs(directory.c_str(), &found) != 0) {
    return ErrnoStatus(errno, absl::StrCat("statfs ", directory));
  }
  volume::SizeRules rules;
  if (found.f_type == EXT4_SUPER_MAGIC) {
    rules.maximum_bytes = std::min<std::int64_t>(rules.maximum_bytes, UINT_MAX * found.f_bsize);
    rules.maximum_bytes -= rules.maximum_bytes % rules.granularity_bytes;
  }
  return rules;
}

// On btrfs an overwrite takes new blocks, so allocated ones keep no promise unless copy-on-write is
// off; its checksums go with it. A thin file promises nothing and keeps both. Other file systems
// overwrite in place and do not know the flag.
absl::Status OverwriteInPlace(const UniqueFd& fd) {
  struct statfs found {};
  if (::fstatfs(fd.get(), &found) != 0) return ErrnoStatus(errno, "statfs");
  if (static_cast<unsigned>(found.f_type) != BTRFS_SUPER_MAGIC) return absl::OkStatus();
  int flags = 0;
  if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return ErrnoStatus(errno, "get flags");
  flags |= FS_NOCOW_FL;
  if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) != 0) return ErrnoStatus(errno, "set nocow");
  return absl::OkStatus();
}

// Blocks for [from, to), beyond the end of the file too, without changing its size: a host that
// looks meanwhile sees the old one, and cutting to the old size undoes it.
absl::Status Allocate(const UniqueFd& fd, off_t from, off_t to) {
  while (::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, from, to - from) != 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "fallocate");
  }
  return absl::OkStatus();
}

absl::Status SetSize(const UniqueFd& fd, off_t bytes) {
  if (::ftruncate(fd.get(), bytes) != 0) return ErrnoStatus(errno, "truncate");
  if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync");
  return absl::OkStatus();
}

absl::Status FillNewFile(const UniqueFd& fd, off_t bytes, Provisioning provisioning) {
  if (provisioning == Provisioning::kThick) {
    RETURN_IF_ERROR(OverwriteInPlace(fd));
    RETURN_IF_ERROR(Allocate(fd, 0, bytes));
  }
  return SetSize(fd, bytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FilePool>> FilePool::Open(const std::string& directory,
                                                         const Check& check) {
  ASSIGN_OR_RETURN(OwnedFolder folder, OwnedFolder::Open(directory));
  RETURN_IF_ERROR(check(folder.path()));
  ASSIGN_OR_RETURN(const volume::SizeRules rules, RulesOf(folder.path()));
  std::unique_ptr<FilePool> pool(new FilePool(std::move(folder), rules));
  RETURN_IF_ERROR(base::EnsureDirectory(pool->Images()));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, base::ListDirectory(pool->Images()));
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kUnfinished)) continue;
    RETURN_IF_ERROR(base::RemoveFile(absl::StrCat(pool->Images(), "/", name)));
  }
  return pool;
}

absl::Status FilePool::Create(const std::string& handle, std::int64_t bytes,
                              Provisioning provisioning) {
  const std::string path = Path(handle);
  const std::string unfinished = path + kUnfinished;
  const UniqueFd fd(
      ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("create ", unfinished));
  absl::Cleanup remove_unfinished = [&unfinished] { ::unlink(unfinished.c_str()); };
  RETURN_IF_ERROR(base::Annotate(FillNewFile(fd, bytes, provisioning), path));
  if (::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    return ErrnoStatus(errno, absl::StrCat("rename to ", path));
  }
  std::move(remove_unfinished).Cancel();
  return base::SyncFolder(Images());
}

absl::StatusOr<std::int64_t> FilePool::Grow(const std::string& handle, std::int64_t bytes,
                                            Provisioning provisioning) {
  const std::string path = Path(handle);
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  struct stat now {};
  if (::fstat(fd.get(), &now) != 0) return ErrnoStatus(errno, absl::StrCat("stat ", path));
  if (now.st_size >= bytes) return now.st_size;
  if (provisioning == Provisioning::kThick) {
    absl::Cleanup cut_back = [&fd, &now] { (void)SetSize(fd, now.st_size); };
    RETURN_IF_ERROR(base::Annotate(Allocate(fd, now.st_size, bytes), path));
    std::move(cut_back).Cancel();
  }
  RETURN_IF_ERROR(base::Annotate(SetSize(fd, bytes), path));
  return bytes;
}

absl::Status FilePool::Remove(const std::string& handle) {
  RETURN_IF_ERROR(base::RemoveFile(Path(handle) + kUnfinished));
  return base::RemoveFile(Path(handle));
}

std::string FilePool::Path(const std::string& handle) const {
  return absl::StrCat(Images(), "/", handle, kImage);
}

absl::StatusOr<std::int64_t> FilePool::AllocatedBytes(const std::string& handle) const {
  struct stat now {};
  if (::stat(Path(handle).c_str(), &now) != 0) {
    return ErrnoStatus(errno, absl::StrCat("stat ", Path(handle)));
  }
  return now.st_blocks * kBytesPerStatBlock;
}

absl::StatusOr<std::vector<std::string>> FilePool::Handles() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, base::ListDirectory(Images()));
  std::vector<std::string> handles;
  for (const absl::string_view name : names) {
    if (absl::EndsWith(name, kImage)) handles.emplace_back(absl::StripSuffix(name, kImage));
  }
  return handles;
}

absl::StatusOr<PoolSpace> FilePool::Space() const {
  struct statvfs now {};
  if (::statvfs(directory().c_str(), &now) != 0) {
    return ErrnoStatus(errno, absl::StrCat("statvfs ", directory()));
  }
  // What is free for everybody: the blocks that ext4 keeps for root stay its emergency room.
  const auto unit = static_cast<std::int64_t>(now.f_frsize);
  return PoolSpace{.total_bytes = static_cast<std::int64_t>(now.f_blocks) * unit,
                   .free_bytes = static_cast<std::int64_t>(now.f_bavail) * unit};
}

}  // namespace nvmeof::target
