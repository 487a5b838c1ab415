// Node requests: from csi.v1 to what the node half acts on. The rules are those of
// controller_requests: pure, InvalidArgument naming the field, required fields first.
//
// Volume ids are opaque here: a volume that was written by hand may have any.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "csi/v1/csi.pb.h"
#include "node/expander.h"
#include "node/publisher.h"
#include "node/stager.h"

namespace nvmeof::csi {

struct VolumePath {
  std::string volume_id;
  std::string path;
};

[[nodiscard]] absl::StatusOr<node::StageRequest> ParseStage(
    const ::csi::v1::NodeStageVolumeRequest& request);
[[nodiscard]] absl::StatusOr<VolumePath> ParseUnstage(
    const ::csi::v1::NodeUnstageVolumeRequest& request);

// FailedPrecondition without a staging path: the volume must be staged first.
[[nodiscard]] absl::StatusOr<node::PublishRequest> ParsePublish(
    const ::csi::v1::NodePublishVolumeRequest& request);
[[nodiscard]] absl::StatusOr<VolumePath> ParseUnpublish(
    const ::csi::v1::NodeUnpublishVolumeRequest& request);

// Any path will do in the next two: one that cannot be a volume's is a path without the volume,
// which is NotFound, and said later.
[[nodiscard]] absl::StatusOr<VolumePath> ParseGetStats(
    const ::csi::v1::NodeGetVolumeStatsRequest& request);
// The paths may be empty, for a volume whose staging failed.
[[nodiscard]] absl::StatusOr<std::string> ParseGetHealth(
    const ::csi::v1::NodeGetVolumeHealthRequest& request);
[[nodiscard]] absl::StatusOr<node::ExpandRequest> ParseExpand(
    const ::csi::v1::NodeExpandVolumeRequest& request);

}  // namespace nvmeof::csi
