#include "mount/ext4.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "mount/ext4_superblock.h"

namespace nvmeof::mount {
namespace {

// Linux, Documentation/admin-guide/ext4.rst, "ioctls": what resize2fs calls on a mounted one. No
// header of the distribution declares it.
constexpr unsigned long kResizeFs = _IOW('f', 16, std::uint64_t);

// All that the program makes, whatever mke2fs.conf or a later mke2fs adds by itself: the newest of
// these, metadata_csum, is in Linux since 3.18, so a volume made by this image mounts on the kernel
// of any node.
constexpr std::array kFeatures = {"none",      "has_journal",  "ext_attr",     "resize_inode",
                                  "dir_index", "filetype",     "extent",       "64bit",
                                  "flex_bg",   "sparse_super", "large_file",   "huge_file",
                                  "dir_nlink", "extra_isize",  "metadata_csum"};

// Through the page cache on purpose: a mounted ext4 keeps its superblock there, and what is on the
// disk may be older.
absl::StatusOr<Ext4Superblock> ReadSuperblock(const OpenedDevice& device) {
  std::array<char, kExt4SuperblockSize> bytes{};
  const ssize_t got =
      ::pread(device.fd(), bytes.data(), bytes.size(), static_cast<off_t>(kExt4SuperblockOffset));
  const std::string what = absl::StrCat("read the superblock of ", device.name());
  if (got < 0) return base::ErrnoStatus(errno, what);
  absl::StatusOr<Ext4Superblock> superblock =
      ParseExt4Superblock({bytes.data(), static_cast<std::size_t>(got)});
  if (!superblock.ok()) return base::Annotate(superblock.status(), what);
  return superblock;
}

}  // namespace

// The journal needs at least 8 MiB around it.
std::uint64_t Ext4::least_bytes() const { return std::uint64_t{16} << 20; }

std::vector<std::string> Ext4::FormatCommand(const std::string& path) const {
  return {
      "mkfs.ext4", "-q",
      // Volumes grow: block size and inodes per byte do not follow the size at birth.
      "-b", "4096", "-i", "16384", "-I", "256",
      // No blocks that only root may use: nothing of the host lives on a volume.
      "-m", "0",
      // A fresh volume has nothing to discard, and a thin target can hang over a discard of all.
      "-E", "nodiscard", "-O", absl::StrJoin(kFeatures, ","), path};
}

absl::Status Ext4::Check(const OpenedDevice& device, base::CommandRunner& runner,
                         absl::Time deadline) const {
  // Not mounted: the disk itself, and not what this node read of it before another one wrote.
  ::posix_fadvise(device.fd(), 0, 0, POSIX_FADV_DONTNEED);
  ASSIGN_OR_RETURN(const Ext4Superblock superblock, ReadSuperblock(device));
  if (!NeedsCheck(superblock)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const base::CommandResult result,
                   runner.Run({"e2fsck", "-p", device.ToolPath()}, deadline));
  return CheckerVerdict(device.name(), result);
}

// mke2fs writes the superblock last, after a flush.
absl::StatusOr<bool> Ext4::IsUnfinished(const OpenedDevice& /*device*/) const { return false; }

absl::StatusOr<Extent> Ext4::Measure(const OpenedDevice& device, int /*mount*/) const {
  ASSIGN_OR_RETURN(const Ext4Superblock superblock, ReadSuperblock(device));
  return Extent{superblock.blocks, PossibleBlocks(superblock, device.size())};
}

absl::Status Ext4::Grow(int mount, std::uint64_t blocks) const {
  if (::ioctl(mount, kResizeFs, &blocks) == 0) return absl::OkStatus();
  const int error = errno;
  const absl::Status status = base::ErrnoStatus(error, "grow ext4");
  // It has errors, is read-only, or has features that forbid it.
  if (error == EPERM || error == EROFS || error == EOPNOTSUPP || error == EINVAL) {
    return absl::FailedPreconditionError(status.message());
  }
  return status;
}

absl::Status CheckerVerdict(const std::string& device, const base::CommandResult& result) {
  constexpr int kCorrected = 1 | 2;
  constexpr int kUncorrected = 4;
  if ((result.exit_code & ~kCorrected) == 0) return absl::OkStatus();
  if (result.exit_code < 128 && (result.exit_code & kUncorrected) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the ext4 on ", device,
        " has errors that e2fsck does not mend without losing data; attach "
        "the volume to one host, look at it with 'e2fsck -n', and mend it with 'e2fsck -f': ",
        result.output));
  }
  return absl::InternalError(
      absl::StrCat("e2fsck of ", device, " ended with ", result.exit_code, ": ", result.output));
}

}  // namespace nvmeof::mount
