#include "mount/mount_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::mount {
namespace {

constexpr uid_t kSameOwner = std::numeric_limits<uid_t>::max();
constexpr mode_t kSetIds = S_ISUID | S_ISGID;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

absl::StatusOr<gid_t> ParseGroup(const std::string& group) {
  std::uint32_t gid = 0;
  // The largest number means "unchanged" to chown.
  if (!absl::SimpleAtoi(group, &gid) || gid == std::numeric_limits<std::uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("volume_mount_group '", group, "' is not a decimal group id"));
  }
  return gid;
}

// g+rwX, and on folders g+s.
mode_t Wanted(mode_t mode) {
  const mode_t bits = mode & 07777;
  if (S_ISDIR(mode)) return bits | S_ISGID | S_IRWXG;
  return bits | S_IRGRP | S_IWGRP | ((bits & S_IXUSR) != 0 ? S_IXGRP : 0u);
}

class Walk {
 public:
  Walk(gid_t gid, dev_t device, const base::Call& call) : gid_(gid), device_(device), call_(call) {}

  bool IsRight(const struct stat& stat) const {
    return stat.st_gid == gid_ &&
           (S_ISLNK(stat.st_mode) || Wanted(stat.st_mode) == (stat.st_mode & 07777));
  }

  // `fd` may be one that was opened with O_PATH: it pins the file, so nothing is changed through a
  // name that moved or became a link.
  absl::Status Change(int fd, const struct stat& stat, const std::string& path) const {
    if (IsRight(stat)) return absl::OkStatus();
    if (::fchownat(fd, "", kSameOwner, gid_, AT_EMPTY_PATH) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("change the group of ", path));
    }
    if (S_ISLNK(stat.st_mode)) return absl::OkStatus();
    mode_t mode = Wanted(stat.st_mode);
    // A program that runs as another user or group was not made for this group.
    if (!S_ISDIR(stat.st_mode) && stat.st_gid != gid_) mode &= ~kSetIds;
    // chmod through an O_PATH descriptor goes by its name in /proc.
    if (::chmod(absl::StrCat("/proc/self/fd/", fd).c_str(), mode) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("change the mode of ", path));
    }
    return absl::OkStatus();
  }

  // All that is below the folder, not the folder itself.
  absl::Status Below(int folder, const std::string& path) const {
    const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const Directory directory(copy < 0 ? nullptr : ::fdopendir(copy));
    if (directory == nullptr) return OpenError(path);
    while (true) {
      errno = 0;
      // Safe: no other thread has this stream.
      const dirent* entry = ::readdir(directory.get());  // NOLINT(concurrency-mt-unsafe)
      if (entry == nullptr && errno != 0) {
        return base::ErrnoStatus(errno, absl::StrCat("list ", path));
      }
      if (entry == nullptr) return absl::OkStatus();
      const absl::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      RETURN_IF_ERROR(Entry(folder, entry->d_name, absl::StrCat(path, "/", name)));
    }
  }

 private:
  static absl::Status OpenError(const std::string& path) {
    if (errno == EMFILE || errno == ENFILE) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": folders nest deeper than there are file descriptors"));
    }
    return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  }

  absl::Status Entry(int folder, const char* name, const std::string& path) const {
    if (call_.remaining() <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(
          absl::StrCat("giving the volume to its group got as far as ", path));
    }
    const base::UniqueFd fd(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.ok()) return errno == ENOENT ? absl::OkStatus() : OpenError(path);
    struct stat stat {};
    if (::fstat(fd.get(), &stat) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("look at ", path));
    }
    if (stat.st_dev != device_) return absl::OkStatus();
    // A volume has no say over the devices of the host.
    if (S_ISBLK(stat.st_mode) || S_ISCHR(stat.st_mode)) return absl::OkStatus();
    if (S_ISDIR(stat.st_mode)) RETURN_IF_ERROR(Below(fd.get(), path));
    return Change(fd.get(), stat, path);
  }

  const gid_t gid_;
  const dev_t device_;
  const base::Call& call_;
};

}  // namespace

absl::Status ApplyMountGroup(const std::string& path, const std::string& group,
                             const base::Call& call) {
  ASSIGN_OR_RETURN(const gid_t gid, ParseGroup(group));
  const base::UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat stat {};
  if (!root.ok() || ::fstat(root.get(), &stat) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  }
  const Walk walk(gid, stat.st_dev, call);
  if (walk.IsRight(stat)) return absl::OkStatus();
  RETURN_IF_ERROR(walk.Below(root.get(), path));
  return walk.Change(root.get(), stat, path);
}

}  // namespace nvmeof::mount
