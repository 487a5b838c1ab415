#include "csi/controller_requests.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "backend/words.h"
#include "base/status_macros.h"
#include "csi/capability.h"
#include "csi/request_fields.h"
#include "volume/authentication.h"
#include "volume/publish_context.h"

namespace nvmeof::csi {
namespace {

using WireCapabilities = google::protobuf::RepeatedPtrField<::csi::v1::VolumeCapability>;

absl::Status RequireCapabilities(const WireCapabilities& capabilities) {
  RETURN_IF_ERROR(Require("volume_capabilities", !capabilities.empty()));
  for (const auto& capability : capabilities) RETURN_IF_ERROR(RequireCapability(capability));
  return absl::OkStatus();
}

// By several nodes at a time, in one of the ways that are wanted.
bool WantsSharing(const WireCapabilities& capabilities) {
  return std::any_of(capabilities.begin(), capabilities.end(), [](const auto& capability) {
    const absl::StatusOr<volume::VolumeCapability> parsed = ParseCapability(capability);
    return parsed.ok() && volume::IsMultiNode(parsed->mode);
  });
}

absl::Status CheckSupported(const WireCapabilities& capabilities) {
  for (const auto& capability : capabilities) {
    RETURN_IF_ERROR(ParseCapability(capability).status());
  }
  return absl::OkStatus();
}

// As given and not as understood, so that a retry stays the same call when a newer driver has
// other defaults. No accepted value holds ", ", so equal texts mean equal parameters.
std::string Fingerprint(const volume::StringMap& parameters) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : parameters) {
    if (absl::StartsWith(key, "csi.storage.k8s.io/")) continue;  // the sidecars' own
    pairs.push_back(absl::StrCat(key, "=", value));
  }
  return absl::StrCat("{", absl::StrJoin(pairs, ", "), "}");
}

// What the capabilities that we announce rule out.
absl::Status CheckOffered(const ::csi::v1::CreateVolumeRequest& request) {
  if (request.has_volume_content_source()) {
    return absl::InvalidArgumentError("volume_content_source: only blank volumes can be made");
  }
  if (!request.mutable_parameters().empty()) {
    return absl::InvalidArgumentError("mutable_parameters are not supported");
  }
  return absl::OkStatus();
}

volume::Segments ParseTopology(const ::csi::v1::Topology& topology) {
  return ToMap(topology.segments());
}

volume::AccessibilityRequirement ParseAccessibility(const ::csi::v1::TopologyRequirement& wanted) {
  volume::AccessibilityRequirement parsed;
  for (const auto& each : wanted.requisite()) parsed.requisite.push_back(ParseTopology(each));
  for (const auto& each : wanted.preferred()) parsed.preferred.push_back(ParseTopology(each));
  return parsed;
}

// Most requests name a volume and need no more.
template <typename Request>
absl::Status RequireVolume(const Request& request) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  return CheckLimits(request);
}

// Where a PersistentVolume was written by hand its volume_context is nobody's own work but the
// user's: what is wrong with it is said here, before a pod waits for it on a node.
template <typename Request>
absl::StatusOr<std::optional<volume::Target>> ParseByHand(const Request& request) {
  const volume::StringMap context = ToMap(request.volume_context());
  ASSIGN_OR_RETURN(std::optional<volume::Target> target, volume::TargetByHand(context));
  if (!target.has_value()) return std::nullopt;
  RETURN_IF_ERROR(volume::DecodeVolumeContext(context).status());
  if (!volume::ParseVolumeId(request.volume_id()).ok()) return target;
  return absl::InvalidArgumentError(absl::StrCat(
      "volume_id '", request.volume_id(), "' has the form of a backend's volume, but ",
      "volume_context describes one that belongs to no backend: give one of the two another form"));
}

}  // namespace

absl::StatusOr<CreateArguments> ParseCreateVolume(const ::csi::v1::CreateVolumeRequest& request) {
  RETURN_IF_ERROR(Require("name", !request.name().empty()));
  RETURN_IF_ERROR(RequireCapabilities(request.volume_capabilities()));
  RETURN_IF_ERROR(CheckLimits(request));
  RETURN_IF_ERROR(CheckName(request.name()));
  RETURN_IF_ERROR(CheckSupported(request.volume_capabilities()));
  RETURN_IF_ERROR(CheckOffered(request));
  CreateArguments parsed;
  parsed.request.name = request.name();
  parsed.shared = WantsSharing(request.volume_capabilities());
  if (request.has_capacity_range()) {
    ASSIGN_OR_RETURN(parsed.request.size, ParseRange(request.capacity_range()));
  }
  const volume::StringMap given = ToMap(request.parameters());
  ASSIGN_OR_RETURN(const volume::Parameters parameters, volume::ParseParameters(given));
  parsed.backend = parameters.backend;
  parsed.request.provisioning = parameters.provisioning;
  parsed.request.fingerprint = Fingerprint(given);
  parsed.request.context = volume::EncodeVolumeContext(parameters);
  parsed.request.accessibility = ParseAccessibility(request.accessibility_requirements());
  return parsed;
}

absl::StatusOr<std::string> ParseDeleteVolume(const ::csi::v1::DeleteVolumeRequest& request) {
  RETURN_IF_ERROR(RequireVolume(request));
  return request.volume_id();
}

absl::StatusOr<std::string> ParseGetVolume(const ::csi::v1::ControllerGetVolumeRequest& request) {
  RETURN_IF_ERROR(RequireVolume(request));
  return request.volume_id();
}

absl::StatusOr<PublishArguments> ParsePublishVolume(
    const ::csi::v1::ControllerPublishVolumeRequest& request) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  RETURN_IF_ERROR(Require("node_id", !request.node_id().empty()));
  RETURN_IF_ERROR(Require("volume_capability", request.has_volume_capability()));
  RETURN_IF_ERROR(RequireCapability(request.volume_capability()));
  RETURN_IF_ERROR(CheckLimits(request));
  if (request.readonly()) {
    return absl::InvalidArgumentError(
        "readonly: the storage system cannot enforce it, so PUBLISH_READONLY is not announced; "
        "the node does");
  }
  PublishArguments parsed{request.volume_id(), request.node_id(), {}, {}, {}};
  ASSIGN_OR_RETURN(parsed.capability, ParseCapability(request.volume_capability()));
  ASSIGN_OR_RETURN(parsed.by_hand, ParseByHand(request));
  ASSIGN_OR_RETURN(parsed.keys, volume::ParseAuthentication(ToMap(request.secrets())));
  return parsed;
}

absl::StatusOr<UnpublishArguments> ParseUnpublishVolume(
    const ::csi::v1::ControllerUnpublishVolumeRequest& request) {
  RETURN_IF_ERROR(RequireVolume(request));
  return UnpublishArguments{request.volume_id(), request.node_id()};
}

absl::StatusOr<ListArguments> ParseListVolumes(const ::csi::v1::ListVolumesRequest& request) {
  RETURN_IF_ERROR(CheckLimits(request));
  if (request.max_entries() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_entries is ", request.max_entries(), "; it may not be negative"));
  }
  ListArguments parsed{static_cast<std::size_t>(request.max_entries()), std::nullopt};
  if (request.starting_token().empty()) return parsed;
  absl::StatusOr<volume::VolumeId> after = volume::ParseVolumeId(request.starting_token());
  if (!after.ok()) {
    return absl::AbortedError(
        absl::StrCat("starting_token '", request.starting_token(), "' is not one of ours"));
  }
  parsed.after = *std::move(after);
  return parsed;
}

absl::StatusOr<CapacityArguments> ParseGetCapacity(const ::csi::v1::GetCapacityRequest& request) {
  for (const auto& capability : request.volume_capabilities()) {
    RETURN_IF_ERROR(RequireCapability(capability));
  }
  RETURN_IF_ERROR(CheckLimits(request));
  RETURN_IF_ERROR(CheckSupported(request.volume_capabilities()));
  ASSIGN_OR_RETURN(const volume::Parameters parameters,
                   volume::ParseParameters(ToMap(request.parameters())));
  return CapacityArguments{parameters.backend,
                           {parameters.provisioning, ParseTopology(request.accessible_topology())}};
}

absl::StatusOr<ExpandArguments> ParseExpandVolume(
    const ::csi::v1::ControllerExpandVolumeRequest& request) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  RETURN_IF_ERROR(Require("capacity_range", request.has_capacity_range()));
  RETURN_IF_ERROR(CheckLimits(request));
  if (request.has_volume_capability()) {
    RETURN_IF_ERROR(RequireCapability(request.volume_capability()));
    RETURN_IF_ERROR(ParseCapability(request.volume_capability()).status());
  }
  ExpandArguments parsed{request.volume_id(), {}};
  ASSIGN_OR_RETURN(parsed.size, ParseRange(request.capacity_range()));
  return parsed;
}

absl::StatusOr<ValidateArguments> ParseValidateCapabilities(
    const ::csi::v1::ValidateVolumeCapabilitiesRequest& request) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  RETURN_IF_ERROR(RequireCapabilities(request.volume_capabilities()));
  RETURN_IF_ERROR(CheckLimits(request));
  ASSIGN_OR_RETURN(const std::optional<volume::Target> by_hand, ParseByHand(request));
  return ValidateArguments{request.volume_id(), by_hand.has_value(),
                           WantsSharing(request.volume_capabilities())};
}

absl::Status CompareWithVolume(const ::csi::v1::ValidateVolumeCapabilitiesRequest& request,
                               const std::optional<backend::Volume>& volume) {
  RETURN_IF_ERROR(CheckSupported(request.volume_capabilities()));
  // A backend that keeps digests keeps no context.
  if (volume.has_value() && !request.volume_context().empty() &&
      !backend::IsDigest(volume->fingerprint) &&
      ToMap(request.volume_context()) != volume->context) {
    return absl::InvalidArgumentError("volume_context is not that of the volume");
  }
  if (!request.parameters().empty() &&
      (!volume.has_value() ||
       !backend::SameWords(volume->fingerprint, Fingerprint(ToMap(request.parameters()))))) {
    return absl::InvalidArgumentError(
        absl::StrCat("the volume was made with other parameters: ",
                     volume.has_value() ? volume->fingerprint : "none"));
  }
  if (!request.mutable_parameters().empty()) {
    return absl::InvalidArgumentError("mutable_parameters are not supported");
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::csi
