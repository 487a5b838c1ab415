// The names by which SPDK remembers volumes for us: it has no room for text beside them. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

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

}  // namespace nvmeof::backend
