// VolumeId: what the orchestrator keeps of a volume. It says where the volume lives, so that no
// call needs a table: "<backend>:<place>:<handle>", for the nvmet backend "fast:agent-a:4c0f...".
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::volume {

// `backend` and `place` are names of the backends file ([a-z0-9] and inner "-", at most 40 bytes);
// `handle` is the backend's own ([A-Za-z0-9._-], at most 46 bytes). So an id has at most 128 bytes,
// the limit of the CSI specification.
struct VolumeId {
  std::string backend;
  std::string place;
  std::string handle;

  friend bool operator==(const VolumeId&, const VolumeId&) = default;
  friend auto operator<=>(const VolumeId&, const VolumeId&) = default;
};

// NotFound for text of another shape: an id that we never gave out names no volume.
[[nodiscard]] absl::StatusOr<VolumeId> ParseVolumeId(absl::string_view text);
[[nodiscard]] std::string FormatVolumeId(const VolumeId& id);

// True for a name that may stand in an id as backend or place.
[[nodiscard]] bool IsPlaceName(absl::string_view name);

}  // namespace nvmeof::volume
