#include "mount/fs_context.h"

#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/errno_status.h"

namespace nvmeof::mount {
namespace {

absl::Status WithWords(const absl::Status& status, const std::string& words) {
  return absl::Status(status.code(), absl::StrCat(status.message(), words));
}

}  // namespace

absl::StatusOr<FsContext> FsContext::Open(const std::string& fs_type) {
  base::UniqueFd fd(::fsopen(fs_type.c_str(), FSOPEN_CLOEXEC));
  if (fd.ok()) return FsContext(std::move(fd));
  if (errno == ENODEV) {
    return absl::FailedPreconditionError(
        absl::StrCat("the kernel of this node has no file system ", fs_type));
  }
  return base::ErrnoStatus(errno, absl::StrCat("prepare a mount of ", fs_type));
}

absl::Status FsContext::Set(const MountParameter& parameter) {
  const unsigned command = parameter.has_value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
  const char* value = parameter.has_value ? parameter.value.c_str() : nullptr;
  if (::fsconfig(fd_.get(), command, parameter.key.c_str(), value, 0) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  const absl::Status status =
      base::ErrnoStatus(error, absl::StrCat("mount option '", parameter.key, "'"));
  if (error != EINVAL) return WithWords(status, Words());
  return absl::InvalidArgumentError(absl::StrCat(status.message(), Words()));
}

absl::StatusOr<base::UniqueFd> FsContext::Create(std::uint64_t attributes) {
  if (::fsconfig(fd_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int error = errno;
    const absl::Status status = base::ErrnoStatus(error, "open the file system");
    if (error != EINVAL && error != EUCLEAN && error != EROFS) return WithWords(status, Words());
    return absl::FailedPreconditionError(absl::StrCat(status.message(), Words()));
  }
  base::UniqueFd mount(::fsmount(fd_.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (mount.ok()) return mount;
  return WithWords(base::ErrnoStatus(errno, "make the mount"), Words());
}

// Each read gives one message: "e <text>" for an error, "w" a warning, "i" information.
std::string FsContext::Words() const {
  std::string words;
  std::array<char, 1024> buffer{};
  while (true) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size <= 0) return words;
    absl::string_view message(buffer.data(), static_cast<std::size_t>(size));
    if (message.size() > 2 && message[1] == ' ') message.remove_prefix(2);
    absl::StrAppend(&words, "; kernel: ", absl::StripAsciiWhitespace(message));
  }
}

}  // namespace nvmeof::mount
