// PoolPlace: where a target agent keeps its volumes.
#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::volume {

// Files in a folder.
struct FolderPool {
  std::string directory;  // absolute

  friend bool operator==(const FolderPool&, const FolderPool&) = default;
};

// Thin volumes of an LVM thin pool.
struct LvmThinPool {
  std::string volume_group;
  std::string name;

  // As LVM writes it.
  std::string FullName() const { return volume_group + "/" + name; }

  friend bool operator==(const LvmThinPool&, const LvmThinPool&) = default;
};

using PoolPlace = std::variant<FolderPool, LvmThinPool>;

// An absolute path, or "lvm:" and the full name of a thin pool. InvalidArgument says what is
// allowed ("must be ...").
[[nodiscard]] absl::StatusOr<PoolPlace> ParsePoolPlace(absl::string_view text);

}  // namespace nvmeof::volume
