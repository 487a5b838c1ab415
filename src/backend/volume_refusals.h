// What backends answer about a volume that they cannot serve, in the same words. Pure.
#pragma once

#include "absl/status/status.h"

#include "volume/volume_id.h"

namespace nvmeof::backend {

// NotFound.
[[nodiscard]] absl::Status NoSuchPlace(const volume::VolumeId& id);
[[nodiscard]] absl::Status NoSuchVolume(const volume::VolumeId& id);

// Aborted.
[[nodiscard]] absl::Status BeingChanged(const volume::VolumeId& id);
[[nodiscard]] absl::Status BeingMadeElsewhere();  // a volume of the name that is wanted

}  // namespace nvmeof::backend
