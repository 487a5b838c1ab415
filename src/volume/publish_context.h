// The publish_context codec: what the controller tells the node about a volume's Target. Controller
// and node meet here and nowhere else.
#pragma once

#include "absl/status/statusor.h"

#include "volume/parameters.h"
#include "volume/target.h"

namespace nvmeof::volume {

// Keys: nqn, uuid, nguid, nsid, portals (comma separated, ParsePortal's form), sizeBytes.
// Deterministic, so that a repeated ControllerPublishVolume answers the same context.
[[nodiscard]] StringMap EncodePublishContext(const Target& target);

// InvalidArgument names the key and the value. Unknown keys are passed over: a newer controller may
// say more.
[[nodiscard]] absl::StatusOr<Target> DecodePublishContext(const StringMap& context);

}  // namespace nvmeof::volume
