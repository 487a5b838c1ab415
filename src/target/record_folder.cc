#include "target/record_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::target {
namespace {

constexpr char kBallast[] = ".ballast";
constexpr off_t kBallastBytes = 4 << 20;
// A record takes a block or two; the rest is for what busy hosts snatch meanwhile.
constexpr off_t kBallastPiece = 256 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<RecordFolder>> RecordFolder::Open(std::string directory) {
  std::unique_ptr<RecordFolder> folder(new RecordFolder(std::move(directory)));
  RETURN_IF_ERROR(folder->Prepare());
  return folder;
}

absl::Status RecordFolder::Prepare() {
  RETURN_IF_ERROR(base::EnsureDirectory(directory_));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, base::ListDirectory(directory_));
  for (const std::string& name : names) {
    if (base::IsTemporaryName(name)) RETURN_IF_ERROR(base::RemoveFile(PathOf(name)));
  }
  FillBallast();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> RecordFolder::Names() const {
  ASSIGN_OR_RETURN(std::vector<std::string> names, base::ListDirectory(directory_));
  std::erase_if(names, [](const std::string& name) {
    return name == kBallast || base::IsTemporaryName(name);
  });
  return names;
}

absl::StatusOr<std::string> RecordFolder::Read(const std::string& name) const {
  return base::ReadFile(PathOf(name));
}

absl::Status RecordFolder::Write(const std::string& name, const std::string& content) {
  absl::Status written = Replace(PathOf(name), content);
  while (absl::IsResourceExhausted(written) && GiveUpBallast()) {
    written = Replace(PathOf(name), content);
  }
  return written;
}

absl::Status RecordFolder::Remove(const std::string& name) {
  RETURN_IF_ERROR(Erase(PathOf(name)));
  FillBallast();
  return absl::OkStatus();
}

absl::Status RecordFolder::Replace(const std::string& path, const std::string& content) {
  return base::WriteFileAtomically(path, content);
}

absl::Status RecordFolder::Erase(const std::string& path) { return base::RemoveFile(path); }

absl::StatusOr<std::string> RecordFolder::SetAside(const std::string& name) {
  for (int n = 1;; ++n) {
    std::string aside = absl::StrCat(name, ".aside-", n);
    if (::renameat2(AT_FDCWD, PathOf(name).c_str(), AT_FDCWD, PathOf(aside).c_str(),
                    RENAME_NOREPLACE) == 0) {
      return aside;
    }
    if (errno != EEXIST) return base::ErrnoStatus(errno, absl::StrCat("rename ", PathOf(name)));
  }
}

void RecordFolder::FillBallast() const {
  const base::UniqueFd fd(
      ::open(PathOf(kBallast).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (fd.ok() && ::fallocate(fd.get(), 0, 0, kBallastBytes) == 0) return;
  base::Log(base::Level::kWarning, "ballast not filled",
            {{"error", base::ErrnoStatus(errno, PathOf(kBallast)).ToString()}});
}

bool RecordFolder::GiveUpBallast() const {
  const base::UniqueFd fd(::open(PathOf(kBallast).c_str(), O_RDWR | O_CLOEXEC));
  struct stat now {};
  if (!fd.ok() || ::fstat(fd.get(), &now) != 0 || now.st_size == 0) return false;
  const off_t left = std::max<off_t>(0, now.st_size - kBallastPiece);
  return ::ftruncate(fd.get(), left) == 0 && ::fsync(fd.get()) == 0;
}

}  // namespace nvmeof::target
