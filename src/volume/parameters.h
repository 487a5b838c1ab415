// Parameters: the StorageClass keys of this driver, all of them, and their way through a volume's
// life.
//
// CreateVolume parses them (an unknown key, a bad value or an impossible combination is
// InvalidArgument there and never later) and stores the attach policy in volume_context, the one
// map that the orchestrator hands to the node unchanged for the life of the volume. The node parses
// the same keys out of volume_context.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

#include "volume/connect_options.h"

namespace nvmeof::volume {

using StringMap = std::map<std::string, std::string>;

enum class Provisioning { kBackendDefault, kThin, kThick };

struct Parameters {
  std::string backend;  // name in the backends file; empty = its default
  Provisioning provisioning = Provisioning::kBackendDefault;
  AttachPolicy attach;  // with the defaults of docs/PARAMETERS.md filled in

  friend bool operator==(const Parameters&, const Parameters&) = default;
};

// From CreateVolume. Keys that begin with "csi.storage.k8s.io/" belong to the sidecars and are
// passed over; other unknown keys are refused. The message names the key, the value and what is
// allowed.
[[nodiscard]] absl::StatusOr<Parameters> ParseParameters(const StringMap& parameters);

// volume_context of a volume made with these parameters: the attach policy, spelled with the same
// keys.
[[nodiscard]] StringMap EncodeVolumeContext(const Parameters& parameters);

// From volume_context at the node; also of a volume that was written by hand. Same rules and errors
// as ParseParameters, but keys that an orchestrator adds ("csi.storage.k8s.io/",
// "storage.kubernetes.io/"), those of the Target (volume/publish_context.h) and keys of
// CreateVolume alone are passed over.
[[nodiscard]] absl::StatusOr<AttachPolicy> DecodeVolumeContext(const StringMap& context);

}  // namespace nvmeof::volume
