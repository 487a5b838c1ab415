#include "tests/vm/pod_volume.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "tests/vm/eventually.h"

namespace nvmeof::testing {
namespace {

using csi::v1::Controller;
using csi::v1::Node;

void CopyTo(const std::map<std::string, std::string>& from, auto* to) {
  to->insert(from.begin(), from.end());
}

// An orchestrator makes the folders that the specification asks it for.
absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? absl::InternalError(absl::StrCat("make ", path, ": ", error.message()))
               : absl::OkStatus();
}

// As an orchestrator does: again while something else works on the volume.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallAgain(Stub& stub,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                   const Request& request, absl::Duration limit = kCallLimit) {
  absl::StatusOr<Response> response = absl::AbortedError("");
  static_cast<void>(Eventually(absl::Seconds(30), [&] {
    response = CallRpc(stub, method, request, limit);
    return !absl::IsAborted(response.status());
  }));
  return response;
}

}  // namespace

std::string Name(VolumeKind kind) {
  switch (kind) {
    case VolumeKind::kExt4:
      return "ext4";
    case VolumeKind::kXfs:
      return "xfs";
    case VolumeKind::kBlock:
      return "block";
  }
  return "unknown";
}

PodVolume::PodVolume(const Cluster& cluster, VolumeRequest request)
    : cluster_(cluster),
      request_(std::move(request)),
      staging_path_(absl::StrCat(cluster.kubelet, "/staging/", request_.name)),
      target_path_(absl::StrCat(cluster.kubelet, "/pods/", request_.name, "/volume")) {}

PodVolume::PodVolume(const Cluster& cluster, VolumeRequest request,
                     std::map<std::string, std::string> publish_context)
    : PodVolume(cluster, std::move(request)) {
  volume_.set_volume_id(absl::StrCat("fast:by-hand:", request_.name));
  volume_.set_capacity_bytes(request_.bytes);
  CopyTo(request_.parameters, volume_.mutable_volume_context());
  publish_context_ = std::move(publish_context);
}

csi::v1::VolumeCapability PodVolume::capability() const {
  csi::v1::VolumeCapability capability;
  capability.mutable_access_mode()->set_mode(
      csi::v1::VolumeCapability::AccessMode::SINGLE_NODE_WRITER);
  if (request_.kind == VolumeKind::kBlock) {
    capability.mutable_block();
  } else {
    capability.mutable_mount()->set_fs_type(request_.kind == VolumeKind::kXfs ? "xfs" : "ext4");
  }
  return capability;
}

std::string PodVolume::data_path() const {
  return request_.kind == VolumeKind::kBlock ? target_path_ : absl::StrCat(target_path_, "/data");
}

absl::Status PodVolume::Create() {
  csi::v1::CreateVolumeRequest request;
  request.set_name(request_.name);
  request.mutable_capacity_range()->set_required_bytes(request_.bytes);
  *request.add_volume_capabilities() = capability();
  CopyTo(request_.parameters, request.mutable_parameters());
  ASSIGN_OR_RETURN(const auto response, CallRpc(cluster_.controller->controller(),
                                                &Controller::Stub::CreateVolume, request));
  volume_ = response.volume();
  return absl::OkStatus();
}

absl::Status PodVolume::Delete() {
  csi::v1::DeleteVolumeRequest request;
  request.set_volume_id(id());
  return CallRpc(cluster_.controller->controller(), &Controller::Stub::DeleteVolume, request)
      .status();
}

absl::Status PodVolume::ControllerPublish() {
  csi::v1::ControllerPublishVolumeRequest request;
  request.set_volume_id(id());
  request.set_node_id(cluster_.node_id);
  *request.mutable_volume_capability() = capability();
  *request.mutable_volume_context() = volume_.volume_context();
  CopyTo(publish_secrets_, request.mutable_secrets());
  ASSIGN_OR_RETURN(const auto response,
                   CallRpc(cluster_.controller->controller(),
                           &Controller::Stub::ControllerPublishVolume, request));
  publish_context_ = {response.publish_context().begin(), response.publish_context().end()};
  return absl::OkStatus();
}

absl::Status PodVolume::ControllerUnpublish() {
  csi::v1::ControllerUnpublishVolumeRequest request;
  request.set_volume_id(id());
  request.set_node_id(cluster_.node_id);
  return CallRpc(cluster_.controller->controller(), &Controller::Stub::ControllerUnpublishVolume,
                 request)
      .status();
}

absl::Status PodVolume::Stage() {
  RETURN_IF_ERROR(MakeFolder(staging_path_));
  csi::v1::NodeStageVolumeRequest request;
  request.set_volume_id(id());
  request.set_staging_target_path(staging_path_);
  *request.mutable_volume_capability() = capability();
  *request.mutable_volume_context() = volume_.volume_context();
  CopyTo(publish_context_, request.mutable_publish_context());
  CopyTo(stage_secrets_, request.mutable_secrets());
  return CallAgain(cluster_.node->node(), &Node::Stub::NodeStageVolume, request).status();
}

absl::Status PodVolume::UnstageWithin(absl::Duration limit) {
  csi::v1::NodeUnstageVolumeRequest request;
  request.set_volume_id(id());
  request.set_staging_target_path(staging_path_);
  RETURN_IF_ERROR(
      CallAgain(cluster_.node->node(), &Node::Stub::NodeUnstageVolume, request, limit).status());
  std::error_code ignored;
  std::filesystem::remove(staging_path_, ignored);
  return absl::OkStatus();
}

absl::Status PodVolume::Publish() {
  RETURN_IF_ERROR(MakeFolder(std::filesystem::path(target_path_).parent_path()));
  csi::v1::NodePublishVolumeRequest request;
  request.set_volume_id(id());
  request.set_staging_target_path(staging_path_);
  request.set_target_path(target_path_);
  *request.mutable_volume_capability() = capability();
  *request.mutable_volume_context() = volume_.volume_context();
  CopyTo(publish_context_, request.mutable_publish_context());
  return CallAgain(cluster_.node->node(), &Node::Stub::NodePublishVolume, request).status();
}

absl::Status PodVolume::Unpublish() {
  csi::v1::NodeUnpublishVolumeRequest request;
  request.set_volume_id(id());
  request.set_target_path(target_path_);
  return CallAgain(cluster_.node->node(), &Node::Stub::NodeUnpublishVolume, request).status();
}

absl::Status PodVolume::Expand(std::int64_t bytes) {
  csi::v1::ControllerExpandVolumeRequest request;
  request.set_volume_id(id());
  request.mutable_capacity_range()->set_required_bytes(bytes);
  *request.mutable_volume_capability() = capability();
  ASSIGN_OR_RETURN(const auto response,
                   CallRpc(cluster_.controller->controller(),
                           &Controller::Stub::ControllerExpandVolume, request));
  volume_.set_capacity_bytes(response.capacity_bytes());

  csi::v1::NodeExpandVolumeRequest on_node;
  on_node.set_volume_id(id());
  on_node.set_volume_path(target_path_);
  on_node.set_staging_target_path(staging_path_);
  on_node.mutable_capacity_range()->set_required_bytes(bytes);
  *on_node.mutable_volume_capability() = capability();
  return CallAgain(cluster_.node->node(), &Node::Stub::NodeExpandVolume, on_node).status();
}

absl::Status PodVolume::Attach() {
  RETURN_IF_ERROR(ControllerPublish());
  RETURN_IF_ERROR(Stage());
  return Publish();
}

absl::Status PodVolume::Detach() {
  RETURN_IF_ERROR(Unpublish());
  RETURN_IF_ERROR(Unstage());
  return ControllerUnpublish();
}

absl::StatusOr<csi::v1::NodeGetVolumeStatsResponse> PodVolume::Stats() {
  csi::v1::NodeGetVolumeStatsRequest request;
  request.set_volume_id(id());
  request.set_volume_path(target_path_);
  request.set_staging_target_path(staging_path_);
  return CallAgain(cluster_.node->node(), &Node::Stub::NodeGetVolumeStats, request);
}

absl::StatusOr<std::string> PodVolume::Health() {
  csi::v1::NodeGetVolumeHealthRequest request;
  request.set_volume_id(id());
  request.set_volume_publish_path(target_path_);
  request.set_staging_target_path(staging_path_);
  ASSIGN_OR_RETURN(const auto response,
                   CallAgain(cluster_.node->node(), &Node::Stub::NodeGetVolumeHealth, request));
  std::string lines;
  for (const auto& entry : response.volume_health().health_statuses()) {
    absl::StrAppend(&lines, csi::v1::VolumeHealthErrorType_Name(entry.status()), " ",
                    entry.reason(), ": ", entry.message(), "\n");
  }
  return lines;
}

}  // namespace nvmeof::testing
