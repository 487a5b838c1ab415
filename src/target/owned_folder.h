// OwnedFolder: a folder that one agent has for itself.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "base/unique_fd.h"

namespace nvmeof::target {

// A lock keeps a second agent out while it lives, also one of another container. Nothing is left
// behind in the folder.
class OwnedFolder {
 public:
  // The folder must exist. FailedPrecondition: another agent owns it.
  static absl::StatusOr<OwnedFolder> Open(const std::string& directory);

  // Absolute, without symbolic links.
  const std::string& path() const { return path_; }

 private:
  OwnedFolder(std::string path, base::UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  base::UniqueFd lock_;
};

}  // namespace nvmeof::target
