#include "target/owned_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

using base::ErrnoStatus;
using base::UniqueFd;

absl::StatusOr<std::string> RealPath(const std::string& path) {
  char* const resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return ErrnoStatus(errno, absl::StrCat("folder ", path));
  const absl::Cleanup free_it = [resolved] { std::free(resolved); };
  return std::string(resolved);
}

// On the folder itself: a mount of another container shows the same one.
absl::StatusOr<UniqueFd> Lock(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("open ", directory));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, absl::StrCat("lock ", directory));
  return absl::FailedPreconditionError(
      absl::StrCat("folder ", directory, ": another agent owns it"));
}

}  // namespace

absl::StatusOr<OwnedFolder> OwnedFolder::Open(const std::string& directory) {
  ASSIGN_OR_RETURN(std::string path, RealPath(directory));
  ASSIGN_OR_RETURN(UniqueFd lock, Lock(path));
  return OwnedFolder(std::move(path), std::move(lock));
}

}  // namespace nvmeof::target
