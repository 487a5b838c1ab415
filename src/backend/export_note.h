// ExportNote: how a host was let in, kept by a storage system that has no room for text beside its
// list of allowed hosts.
//
// It stands in that list as the NQN of a host that does not exist, and so admits nobody. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "backend/backend.h"

namespace nvmeof::backend {

struct ExportNote {
  std::string host;  // digest of its NQN
  ExportMode mode = ExportMode::kSingleNode;
  std::string fingerprint;  // digest

  friend bool operator==(const ExportNote&, const ExportNote&) = default;
};
[[nodiscard]] std::string FormatExportNote(const ExportNote& note);
// Nothing for a host that is one.
[[nodiscard]] std::optional<ExportNote> ParseExportNote(absl::string_view nqn);

}  // namespace nvmeof::backend
