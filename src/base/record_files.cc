#include "base/record_files.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::base {

absl::StatusOr<RecordDirectory> RecordDirectory::Open(std::string path) {
  RETURN_IF_ERROR(EnsureDirectory(path));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(path));
  for (const std::string& name : names) {
    if (!IsTemporaryName(name)) continue;
    const std::string left = absl::StrCat(path, "/", name);
    if (const absl::Status removed = RemoveFile(left); !removed.ok()) {
      Log(Level::kWarning, "an unfinished write stays",
          {{"file", left}, {"error", std::string(removed.message())}});
    }
  }
  return RecordDirectory(std::move(path));
}

absl::StatusOr<std::vector<std::string>> RecordDirectory::Names() const {
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(path_));
  std::erase_if(names, [](const std::string& name) { return IsTemporaryName(name); });
  return names;
}

absl::StatusOr<std::string> RecordDirectory::Read(const std::string& name) const {
  return ReadFile(PathOf(name));
}

absl::Status RecordDirectory::Write(const std::string& name, absl::string_view content) {
  return WriteFileAtomically(PathOf(name), content, 0600, Durability::kProcess);
}

absl::Status RecordDirectory::Remove(const std::string& name) {
  return RemoveFile(PathOf(name), Durability::kProcess);
}

absl::Status RecordDirectory::SetAside(const std::string& name) {
  return RenameFile(PathOf(name), absl::StrCat(PathOf(name), ".unreadable"));
}

}  // namespace nvmeof::base
