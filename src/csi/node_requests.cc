#include "csi/node_requests.h"

#include <optional>

#include "absl/status/status.h"

#include "base/status_macros.h"
#include "csi/capability.h"
#include "csi/request_fields.h"
#include "volume/authentication.h"
#include "volume/publish_context.h"

namespace nvmeof::csi {
namespace {

template <typename Request>
absl::StatusOr<volume::VolumeCapability> RequiredCapability(const Request& request) {
  RETURN_IF_ERROR(Require("volume_capability", request.has_volume_capability()));
  RETURN_IF_ERROR(RequireCapability(request.volume_capability()));
  return ParseCapability(request.volume_capability());
}

template <typename Request>
absl::StatusOr<VolumePath> RequiredPath(const Request& request, absl::string_view field,
                                        const std::string& path) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  RETURN_IF_ERROR(Require(field, !path.empty()));
  RETURN_IF_ERROR(CheckLimits(request));
  return VolumePath{request.volume_id(), path};
}

}  // namespace

absl::StatusOr<node::StageRequest> ParseStage(const ::csi::v1::NodeStageVolumeRequest& request) {
  ASSIGN_OR_RETURN(const VolumePath at,
                   RequiredPath(request, "staging_target_path", request.staging_target_path()));
  node::StageRequest parsed;
  ASSIGN_OR_RETURN(parsed.capability, RequiredCapability(request));
  RETURN_IF_ERROR(CheckPath("staging_target_path", at.path));
  parsed.volume_id = at.volume_id;
  parsed.staging_path = at.path;
  ASSIGN_OR_RETURN(parsed.keys, volume::ParseAuthentication(ToMap(request.secrets())));
  parsed.publish_context = ToMap(request.publish_context());
  parsed.volume_context = ToMap(request.volume_context());
  if (parsed.publish_context.empty()) {
    // No controller attached it (attachRequired: false): the volume itself must say where it is.
    ASSIGN_OR_RETURN(const std::optional<volume::Target> target,
                     volume::TargetByHand(parsed.volume_context));
    if (target.has_value()) parsed.publish_context = volume::EncodePublishContext(*target);
  }
  return parsed;
}

absl::StatusOr<VolumePath> ParseUnstage(const ::csi::v1::NodeUnstageVolumeRequest& request) {
  ASSIGN_OR_RETURN(VolumePath parsed,
                   RequiredPath(request, "staging_target_path", request.staging_target_path()));
  RETURN_IF_ERROR(CheckPath("staging_target_path", parsed.path));
  return parsed;
}

absl::StatusOr<node::PublishRequest> ParsePublish(
    const ::csi::v1::NodePublishVolumeRequest& request) {
  ASSIGN_OR_RETURN(const VolumePath at,
                   RequiredPath(request, "target_path", request.target_path()));
  node::PublishRequest parsed;
  ASSIGN_OR_RETURN(parsed.capability, RequiredCapability(request));
  RETURN_IF_ERROR(CheckPath("target_path", at.path));
  if (request.staging_target_path().empty()) {
    return absl::FailedPreconditionError("staging_target_path is empty: the volume is not staged");
  }
  RETURN_IF_ERROR(CheckPath("staging_target_path", request.staging_target_path()));
  parsed.volume_id = at.volume_id;
  parsed.target_path = at.path;
  parsed.staging_path = request.staging_target_path();
  parsed.read_only = request.readonly();
  parsed.publish_context = ToMap(request.publish_context());
  return parsed;
}

absl::StatusOr<VolumePath> ParseUnpublish(const ::csi::v1::NodeUnpublishVolumeRequest& request) {
  ASSIGN_OR_RETURN(VolumePath parsed, RequiredPath(request, "target_path", request.target_path()));
  RETURN_IF_ERROR(CheckPath("target_path", parsed.path));
  return parsed;
}

absl::StatusOr<VolumePath> ParseGetStats(const ::csi::v1::NodeGetVolumeStatsRequest& request) {
  return RequiredPath(request, "volume_path", request.volume_path());
}

absl::StatusOr<std::string> ParseGetHealth(const ::csi::v1::NodeGetVolumeHealthRequest& request) {
  RETURN_IF_ERROR(Require("volume_id", !request.volume_id().empty()));
  RETURN_IF_ERROR(CheckLimits(request));
  return request.volume_id();
}

absl::StatusOr<node::ExpandRequest> ParseExpand(const ::csi::v1::NodeExpandVolumeRequest& request) {
  ASSIGN_OR_RETURN(const VolumePath at,
                   RequiredPath(request, "volume_path", request.volume_path()));
  if (request.has_volume_capability()) RETURN_IF_ERROR(RequiredCapability(request).status());
  node::ExpandRequest parsed{at.volume_id, at.path, 0};
  if (request.has_capacity_range()) {
    ASSIGN_OR_RETURN(const volume::SizeRange size, ParseRange(request.capacity_range()));
    parsed.required_bytes = size.required_bytes;
  }
  return parsed;
}

}  // namespace nvmeof::csi
