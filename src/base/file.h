// Whole-file operations that survive a crash: a file is either the old one or the new one.
// Safe to use from several threads on different paths. Errors are those of ErrnoStatus with the
// path in the message.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::base {

// The content; NotFound when absent, OutOfRange when longer than `limit` bytes.
[[nodiscard]] absl::StatusOr<std::string> ReadFile(const std::string& path,
                                                   std::size_t limit = std::size_t{1} << 20);

// What a change outlives: the death of this process, or a power cut too. The latter waits for the
// disk (fsync of file and folder).
enum class Durability { kProcess, kPowerCut };

// Replaces the file by a write to a temporary name in the same folder and a rename.
[[nodiscard]] absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                               unsigned mode = 0600,
                                               Durability durability = Durability::kPowerCut);

// An absent file is OK.
[[nodiscard]] absl::Status RemoveFile(const std::string& path,
                                      Durability durability = Durability::kPowerCut);

// Within one file system; an existing `to` is replaced.
[[nodiscard]] absl::Status RenameFile(const std::string& from, const std::string& to);

// Returns when what was made, renamed or removed in the folder outlives a power cut.
[[nodiscard]] absl::Status SyncFolder(const std::string& folder);

// Creates the folder and its parents; an existing one is OK and keeps its mode.
[[nodiscard]] absl::Status EnsureDirectory(const std::string& path, unsigned mode = 0750);

// Names in the folder without "." and "..", sorted. NotFound when it is absent.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

// True when the name is one that WriteFileAtomically leaves behind after a crash.
[[nodiscard]] bool IsTemporaryName(absl::string_view name);

}  // namespace nvmeof::base
