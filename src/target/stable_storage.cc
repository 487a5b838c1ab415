#include "target/stable_storage.h"

#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"

namespace nvmeof::target {
namespace {

struct Kind {
  std::uint32_t magic;
  absl::string_view name;
  absl::string_view refusal;  // empty: can hold volumes
};

constexpr absl::string_view kVolatile = "its files are gone after a power cut";
constexpr absl::string_view kNotItsOwn = "its files lie in other file systems: name one of those";
constexpr absl::string_view kRemote = "its flushes depend on another machine";
constexpr std::uint32_t kXfs = 0x58465342;
constexpr std::uint32_t kZfs = 0x2FC12FC1;
constexpr std::uint32_t kCifs = 0xFF534D42;

constexpr auto kKinds = std::to_array<Kind>({
    {EXT4_SUPER_MAGIC, "ext4", ""},
    {kXfs, "xfs", ""},
    {BTRFS_SUPER_MAGIC, "btrfs", ""},
    {TMPFS_MAGIC, "tmpfs", kVolatile},
    {RAMFS_MAGIC, "ramfs", kVolatile},
    {OVERLAYFS_SUPER_MAGIC, "overlay", kNotItsOwn},
    {FUSE_SUPER_MAGIC, "fuse", kNotItsOwn},
    {V9FS_MAGIC, "9p", kRemote},
    {NFS_SUPER_MAGIC, "nfs", kRemote},
    {SMB2_SUPER_MAGIC, "smb", kRemote},
    {kCifs, "cifs", kRemote},
    {CEPH_SUPER_MAGIC, "ceph", kRemote},
    {kZfs, "zfs", "its O_DIRECT goes through the page cache"},
});

}  // namespace

absl::Status RequireStableStorage(const std::string& directory) {
  struct statfs found {};
  if (::statfs(directory.c_str(), &found) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("statfs ", directory));
  }
  const auto magic = static_cast<std::uint32_t>(found.f_type);
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [magic](const Kind& one) { return one.magic == magic; });
  if (kind == kKinds.end() || !kind->refusal.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "pool ", directory, " is on ",
        kind == kKinds.end() ? absl::StrFormat("file system type 0x%x", magic) : kind->name, ": ",
        kind == kKinds.end() ? "not known to offer direct I/O and stable storage" : kind->refusal,
        "; use a folder on ext4, xfs or btrfs"));
  }
  if ((found.f_flags & ST_RDONLY) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("pool ", directory, " is mounted read-only"));
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::target
