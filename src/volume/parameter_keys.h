// ParameterKeys: the table of the StorageClass keys: what each one allows, how its value is read
// and how it is written. volume/parameters applies it to maps and checks that the keys agree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "volume/parameters.h"

namespace nvmeof::volume {

// What the keys say, before it is known that they agree.
struct ParameterDraft {
  Parameters parameters;
  std::vector<std::string> addresses;   // hostTraddr
  std::vector<std::string> interfaces;  // hostIface
};

enum class ParameterScope {
  kCreate,  // for CreateVolume alone
  kAttach,  // goes to the node in volume_context
};

struct ParameterKey {
  absl::string_view name;
  ParameterScope scope;
  absl::string_view allowed;
  // False when the text is not allowed; the draft is then not to be used.
  bool (*read)(absl::string_view text, ParameterDraft& into);
  // Nothing for a member that is not set, and for keys of CreateVolume alone.
  std::optional<std::string> (*write)(const AttachPolicy& from);
};

// In the order of docs/PARAMETERS.md.
[[nodiscard]] absl::Span<const ParameterKey> ParameterKeys();

}  // namespace nvmeof::volume
