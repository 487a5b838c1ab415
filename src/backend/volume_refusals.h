// What backends answer about a volume that they cannot serve, in the same words. Pure.
#pragma once

#include <vector>

#include "absl/status/status.h"

#include "backend/backend.h"
#include "volume/volume_id.h"

namespace nvmeof::backend {

// NotFound.
[[nodiscard]] absl::Status NoSuchPlace(const volume::VolumeId& id);
[[nodiscard]] absl::Status NoSuchVolume(const volume::VolumeId& id);

// Aborted.
[[nodiscard]] absl::Status BeingChanged(const volume::VolumeId& id);
[[nodiscard]] absl::Status BeingMadeElsewhere();  // a volume of the name that is wanted

// FailedPrecondition when another host is in and either export is kSingleNode.
[[nodiscard]] absl::Status CheckSharing(const volume::VolumeId& id, const Export& wanted,
                                        const std::vector<Export>& present);

}  // namespace nvmeof::backend
