#include "mount/linux_mounter.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "mount/fs_context.h"
#include "mount/kernel_log.h"
#include "mount/mount_options.h"

namespace nvmeof::mount {
namespace {

absl::StatusOr<base::UniqueFd> MakeMount(const MountRequest& request) {
  ASSIGN_OR_RETURN(const MountOptions options, ParseMountOptions(request.options, request.access));
  ASSIGN_OR_RETURN(FsContext context, FsContext::Open(request.fs_type));
  RETURN_IF_ERROR(context.Set({"source", request.source, true}));
  for (const MountParameter& parameter : options.parameters) {
    RETURN_IF_ERROR(context.Set(parameter));
  }
  return context.Create(options.attributes);
}

// Without following a link at the end of the target.
absl::Status Attach(const base::UniqueFd& mount, const std::string& target) {
  if (::move_mount(mount.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, absl::StrCat("attach the mount at ", target));
}

// True also where the file system under the mount answers no question any more.
bool IsMountRoot(const std::string& path) {
  struct statx stat {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
                 STATX_TYPE, &stat) == 0 &&
         (stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

absl::StatusOr<std::optional<struct stat>> StatOf(const std::string& path) {
  struct stat stat {};
  if (::lstat(path.c_str(), &stat) == 0) return stat;
  if (errno == ENOENT) return std::nullopt;
  return base::ErrnoStatus(errno, absl::StrCat("look at ", path));
}

absl::Status RequireKind(const Mounter& mounter, const std::string& path, PathKind wanted) {
  ASSIGN_OR_RETURN(const PathKind kind, mounter.Kind(path));
  if (kind == wanted) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, " exists and is not a ", wanted == PathKind::kFile ? "file" : "folder"));
}

}  // namespace

absl::Status LinuxMounter::Mount(const MountRequest& request) {
  const std::string what =
      absl::StrCat("mount ", request.source, " as ", request.fs_type, " at ", request.target);
  KernelLog log;
  const absl::StatusOr<base::UniqueFd> mount = MakeMount(request);
  if (mount.ok()) return base::Annotate(Attach(*mount, request.target), what);
  const std::string words = log.Since(request.source.substr(request.source.rfind('/') + 1));
  return absl::Status(
      mount.status().code(),
      absl::StrCat(what, ": ", mount.status().message(), words.empty() ? "" : "; kernel: ", words));
}

// The copy of the source's mount is made read-only before it is attached: nobody ever sees it
// writable, and after an error there is nothing to undo.
absl::Status LinuxMounter::BindMount(const std::string& source, const std::string& target,
                                     Access access) {
  const std::string what = absl::StrCat("bind ", source, " to ", target);
  const base::UniqueFd mount(::open_tree(
      AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
  if (!mount.ok()) return base::ErrnoStatus(errno, what);
  if (access == Access::kReadOnly) {
    struct mount_attr read_only {};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &read_only, sizeof read_only) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat(what, ": make it read-only"));
    }
  }
  return base::Annotate(Attach(mount, target), what);
}

// A mount that is busy and has no holder was just looked at: a stat, a walk through it, ours or
// anybody's, makes it busy for that instant. To look for holders takes longer than that.
absl::Status LinuxMounter::Unmount(const std::string& path) {
  constexpr int kTries = 5;
  std::vector<std::string> holders;
  for (int i = 0; i < kTries && holders.empty(); ++i) {
    if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == ENOENT) return absl::OkStatus();
    const int error = errno;
    // EINVAL is "not a mount point", and also "a mount that may not be taken away".
    if (error == EINVAL && !IsMountRoot(path)) return absl::OkStatus();
    if (error != EBUSY) return base::ErrnoStatus(error, absl::StrCat("unmount ", path));
    holders = users_.HoldersOf(path);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("unmount ", path, ": it is busy: ",
                   holders.empty() ? "a process uses it or something is mounted in it"
                                   : absl::StrCat("held by ", DescribeFirst(holders))));
}

absl::Status LinuxMounter::UnmountLazily(const std::string& path) {
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0 || errno == ENOENT) {
    return absl::OkStatus();
  }
  const int error = errno;
  if (error == EINVAL && !IsMountRoot(path)) return absl::OkStatus();
  return base::ErrnoStatus(error, absl::StrCat("unmount ", path, " lazily"));
}

absl::StatusOr<MountTable> LinuxMounter::Table() const { return users_.Table(); }

absl::StatusOr<std::vector<DeviceUse>> LinuxMounter::UsesOf(const Device& device) const {
  return users_.UsesOf(device);
}

absl::StatusOr<std::vector<DeviceUse>> LinuxMounter::UsesBeyond(
    const Device& device, const std::vector<std::string>& paths) const {
  return users_.UsesBeyond(device, paths);
}

absl::StatusOr<std::vector<DeviceUse>> LinuxMounter::OpenersOf(const Device& device) const {
  return users_.OpenersOf(device);
}

// A folder is told by opening its name only: on a file system whose disk is gone, stat fails.
absl::StatusOr<PathKind> LinuxMounter::Kind(const std::string& path) const {
  const base::UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.ok()) return PathKind::kDirectory;
  ASSIGN_OR_RETURN(const std::optional<struct stat> stat, StatOf(path));
  if (!stat.has_value()) return PathKind::kAbsent;
  return S_ISREG(stat->st_mode) ? PathKind::kFile : PathKind::kOther;
}

absl::Status LinuxMounter::MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) == 0) return absl::OkStatus();
  if (errno == EEXIST) return RequireKind(*this, path, PathKind::kDirectory);
  return base::ErrnoStatus(errno, absl::StrCat("make ", path));
}

absl::Status LinuxMounter::MakeFile(const std::string& path) {
  const base::UniqueFd file(
      ::open(path.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (file.ok()) return absl::OkStatus();
  if (errno == EEXIST) return RequireKind(*this, path, PathKind::kFile);
  return base::ErrnoStatus(errno, absl::StrCat("make ", path));
}

absl::Status LinuxMounter::Remove(const std::string& path) {
  int error = ::rmdir(path.c_str()) == 0 ? 0 : errno;
  if (error == ENOTDIR) {
    ASSIGN_OR_RETURN(const std::optional<struct stat> stat, StatOf(path));
    // What we make is empty; anything else is somebody's.
    if (stat.has_value() && (!S_ISREG(stat->st_mode) || stat->st_size != 0)) {
      return absl::FailedPreconditionError(
          absl::StrCat("remove ", path, ": it is neither a folder nor an empty file"));
    }
    error = ::unlink(path.c_str()) == 0 ? 0 : errno;
  }
  if (error == 0 || error == ENOENT) return absl::OkStatus();
  if (error == ENOTEMPTY || error == EBUSY) {
    return absl::FailedPreconditionError(absl::StrCat(
        "remove ", path, error == EBUSY ? ": it is a mount point" : ": something is in it"));
  }
  return base::ErrnoStatus(error, absl::StrCat("remove ", path));
}

absl::StatusOr<std::optional<base::DeviceNumber>> LinuxMounter::BlockDevice(
    const std::string& path) const {
  ASSIGN_OR_RETURN(const std::optional<struct stat> stat, StatOf(path));
  if (!stat.has_value() || !S_ISBLK(stat->st_mode)) return std::nullopt;
  return base::DeviceNumber{gnu_dev_major(stat->st_rdev), gnu_dev_minor(stat->st_rdev)};
}

}  // namespace nvmeof::mount
