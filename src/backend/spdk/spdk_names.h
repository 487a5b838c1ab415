// The names by which SPDK remembers for us. It has no room for text beside a volume, so what has to
// be known again stands in the names of the volume and of hosts that do not exist. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "backend/backend.h"
namespace nvmeof::backend {

// Of a logical volume, which lives as long as the volume: digests (backend/words.h) of the
// request's name and fingerprint. 60 bytes; SPDK allows 63.
struct LvolName {
  std::string name;
  std::string fingerprint;

  friend bool operator==(const LvolName&, const LvolName&) = default;
};
[[nodiscard]] std::string FormatLvolName(const LvolName& name);
// Nothing for a name that is not ours.
[[nodiscard]] std::optional<LvolName> ParseLvolName(absl::string_view text);

// An entry in the list of allowed hosts that admits nobody, as no host has this NQN: how the host
// of the export was let in. It goes with the subsystem when the target starts anew, as the hosts
// do.
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
