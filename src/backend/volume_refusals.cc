#include "backend/volume_refusals.h"

#include "absl/strings/str_cat.h"

namespace nvmeof::backend {

absl::Status NoSuchPlace(const volume::VolumeId& id) {
  return absl::NotFoundError(absl::StrCat("backend ", id.backend, " has no place '", id.place,
                                          "', where volume ", volume::FormatVolumeId(id),
                                          " would live"));
}

absl::Status NoSuchVolume(const volume::VolumeId& id) {
  return absl::NotFoundError(absl::StrCat("there is no volume ", volume::FormatVolumeId(id)));
}

absl::Status BeingChanged(const volume::VolumeId& id) {
  return absl::AbortedError(
      absl::StrCat("volume ", volume::FormatVolumeId(id), " is being changed"));
}

absl::Status BeingMadeElsewhere() {
  return absl::AbortedError("somebody else makes a volume of this name");
}

absl::Status CheckSharing(const volume::VolumeId& id, const Export& wanted,
                          const std::vector<Export>& present) {
  for (const Export& each : present) {
    if (each.host == wanted.host) continue;
    if (each.mode == ExportMode::kMultiNode && wanted.mode == ExportMode::kMultiNode) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("volume ", volume::FormatVolumeId(id), " is exported to ", each.host.text()));
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::backend
