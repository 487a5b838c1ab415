#include "nvme/sysfs_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"

namespace nvmeof::nvme {

absl::StatusOr<SysfsDirectory> SysfsDirectory::Open(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, path);
  return SysfsDirectory(path, std::move(fd));
}

absl::StatusOr<SysfsDirectory> SysfsDirectory::OpenChild(const std::string& name) const {
  base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return Error(errno, name);
  return SysfsDirectory(absl::StrCat(path_, "/", name), std::move(fd));
}

absl::StatusOr<std::uint64_t> SysfsDirectory::Node() const {
  struct ::stat status {};
  if (::fstat(fd_.get(), &status) != 0) return Error(errno, "");
  return status.st_ino;
}

absl::StatusOr<std::string> SysfsDirectory::Read(const std::string& name) const {
  const base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return Error(errno, name);
  // sysfs hands out an attribute whole, in one read.
  std::array<char, 4096> buffer;
  const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
  if (length < 0) return Error(errno, name);
  const absl::string_view content(buffer.data(), static_cast<std::size_t>(length));
  return std::string(absl::StripAsciiWhitespace(content));
}

absl::Status SysfsDirectory::Write(const std::string& name, absl::string_view content) const {
  const base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.ok()) return Error(errno, name);
  if (::write(fd.get(), content.data(), content.size()) >= 0) return absl::OkStatus();
  const int cause = errno;
  const absl::Status error = Error(cause, name);
  return cause == EINVAL ? absl::InvalidArgumentError(error.message()) : error;
}

absl::StatusOr<std::vector<std::string>> SysfsDirectory::List() const {
  ASSIGN_OR_RETURN(std::vector<SysfsEntry> entries, Entries());
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (SysfsEntry& entry : entries) names.push_back(std::move(entry.name));
  return names;
}

absl::StatusOr<std::vector<SysfsEntry>> SysfsDirectory::Entries() const {
  std::vector<SysfsEntry> entries;
  alignas(dirent64) std::array<char, 8192> buffer;
  while (true) {
    const ssize_t length = ::getdents64(fd_.get(), buffer.data(), buffer.size());
    if (length < 0) return Error(errno, ".");
    if (length == 0) return entries;
    for (ssize_t at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const dirent64*>(&buffer[static_cast<std::size_t>(at)]);
      const absl::string_view name(static_cast<const char*>(entry->d_name));
      if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_ino});
      at += entry->d_reclen;
    }
  }
}

absl::Status SysfsDirectory::Error(int error, const std::string& name) const {
  return base::ErrnoStatus(error, absl::StrCat(path_, "/", name));
}

}  // namespace nvmeof::nvme
