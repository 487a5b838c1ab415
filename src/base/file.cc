#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::base {
namespace {

constexpr absl::string_view kTemporaryPrefix = ".tmp.";
constexpr absl::string_view kTemporaryRandomPart = "XXXXXX";

std::string FolderOf(absl::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

// read(2) and write(2) that a signal cannot interrupt.
template <typename Call>
ssize_t Retry(Call call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

absl::Status WriteAll(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = Retry([&] { return ::write(fd, content.data(), content.size()); });
    if (written < 0) return ErrnoStatus(errno, absl::StrCat("write ", path));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

bool IsDirectory(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

absl::Status SyncFolder(const std::string& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("open ", folder));
  if (::fsync(fd.get()) != 0) return ErrnoStatus(errno, absl::StrCat("fsync ", folder));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  std::string content;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = Retry([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
    if (got < 0) return ErrnoStatus(errno, absl::StrCat("read ", path));
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      return absl::OutOfRangeError(absl::StrCat("read ", path, ": longer than ", limit, " bytes"));
    }
  }
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view content, unsigned mode,
                                 Durability durability) {
  const std::string folder = FolderOf(path);
  std::string temporary = absl::StrCat(folder, "/", kTemporaryPrefix, kTemporaryRandomPart);
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("create a file in ", folder));
  absl::Cleanup remove_temporary = [&temporary] { ::unlink(temporary.c_str()); };

  RETURN_IF_ERROR(WriteAll(fd.get(), content, temporary));
  if (::fchmod(fd.get(), mode) != 0) return ErrnoStatus(errno, absl::StrCat("chmod ", temporary));
  if (durability == Durability::kPowerCut && ::fsync(fd.get()) != 0) {
    return ErrnoStatus(errno, absl::StrCat("fsync ", temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, absl::StrCat("rename ", temporary, " to ", path));
  }
  std::move(remove_temporary).Cancel();
  return durability == Durability::kPowerCut ? SyncFolder(folder) : absl::OkStatus();
}

absl::Status RemoveFile(const std::string& path, Durability durability) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, absl::StrCat("remove ", path));
  }
  if (durability == Durability::kProcess) return absl::OkStatus();
  // Also when it was absent: an earlier removal may have ended before its sync.
  const absl::Status synced = SyncFolder(FolderOf(path));
  return absl::IsNotFound(synced) ? absl::OkStatus() : synced;
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoStatus(errno, absl::StrCat("rename ", from, " to ", to));
  }
  return SyncFolder(FolderOf(to));
}

absl::Status EnsureDirectory(const std::string& path, unsigned mode) {
  if (IsDirectory(path)) return absl::OkStatus();
  const std::string parent = FolderOf(path);
  if (parent != path) RETURN_IF_ERROR(EnsureDirectory(parent, mode));
  if (::mkdir(path.c_str(), mode) != 0) {
    const int error = errno;
    // Another thread may have been quicker.
    if (error == EEXIST && IsDirectory(path)) return absl::OkStatus();
    return ErrnoStatus(error == EEXIST ? ENOTDIR : error, absl::StrCat("mkdir ", path));
  }
  return SyncFolder(parent);
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (folder == nullptr) return ErrnoStatus(errno, absl::StrCat("open ", path));
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): safe on a stream of its own
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return ErrnoStatus(errno, absl::StrCat("read ", path));
  std::sort(names.begin(), names.end());
  return names;
}

bool IsTemporaryName(absl::string_view name) {
  return absl::StartsWith(name, kTemporaryPrefix) &&
         name.size() == kTemporaryPrefix.size() + kTemporaryRandomPart.size();
}

}  // namespace nvmeof::base
