// The publish_context codec: what the controller tells the node about a volume's Target. Controller
// and node meet here and nowhere else. A PersistentVolume that is written by hand for a subsystem
// of any array says the same, with the same keys, in its volume_context.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "volume/parameters.h"
#include "volume/target.h"

namespace nvmeof::volume {

// Keys: nqn, uuid, nguid, nsid, portals and discovery (comma separated, ParsePortal's form,
// but the port of a discovery controller is 8009 unless it is given), sizeBytes.
// Deterministic, so that a repeated ControllerPublishVolume answers the same context.
[[nodiscard]] StringMap EncodePublishContext(const Target& target);

// InvalidArgument names the key and the value. Unknown keys are passed over: a newer controller may
// say more.
[[nodiscard]] absl::StatusOr<Target> DecodePublishContext(const StringMap& context);

// From a volume_context: nothing where none of the keys is there, and a backend knows the volume.
// Errors are those of DecodePublishContext.
[[nodiscard]] absl::StatusOr<std::optional<Target>> TargetByHand(const StringMap& volume_context);

[[nodiscard]] bool IsTargetKey(absl::string_view key);

}  // namespace nvmeof::volume
