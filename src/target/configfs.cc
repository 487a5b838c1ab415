#include "target/configfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::target {

using base::ErrnoStatus;

absl::Status KernelConfigfs::CheckPresent() const {
  struct stat found {};
  if (::stat(PathOf("subsystems").c_str(), &found) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("there is no kernel target at ", root_,
                   ": run `modprobe nvmet-tcp`, and mount configfs if it is not mounted"));
}

absl::StatusOr<std::string> KernelConfigfs::Read(const std::string& path) const {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(PathOf(path)));
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

absl::Status KernelConfigfs::Write(const std::string& path, const std::string& value) {
  const std::string what = absl::StrCat("write ", value, " to ", PathOf(path));
  const base::UniqueFd fd(::open(PathOf(path).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, what);
  // One call: the kernel takes each write as a whole value.
  const ssize_t written = ::write(fd.get(), value.data(), value.size());
  if (written < 0) return ErrnoStatus(errno, what);
  if (static_cast<std::size_t>(written) != value.size()) return ErrnoStatus(EIO, what);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> KernelConfigfs::List(const std::string& path) const {
  return base::ListDirectory(PathOf(path));
}

absl::StatusOr<bool> KernelConfigfs::MakeDirectory(const std::string& path) {
  if (::mkdir(PathOf(path).c_str(), S_IRWXU) == 0) return true;
  if (errno == EEXIST) return false;
  return ErrnoStatus(errno, absl::StrCat("mkdir ", PathOf(path)));
}

absl::Status KernelConfigfs::RemoveDirectory(const std::string& path) {
  if (::rmdir(PathOf(path).c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("rmdir ", PathOf(path)));
}

absl::Status KernelConfigfs::Link(const std::string& object, const std::string& link) {
  if (::symlink(PathOf(object).c_str(), PathOf(link).c_str()) == 0 || errno == EEXIST) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, absl::StrCat("link ", PathOf(link)));
}

absl::Status KernelConfigfs::Unlink(const std::string& link) {
  if (::unlink(PathOf(link).c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("unlink ", PathOf(link)));
}

}  // namespace nvmeof::target
