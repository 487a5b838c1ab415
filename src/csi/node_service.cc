#include "csi/node_service.h"

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "csi/node_requests.h"

namespace nvmeof::csi {
namespace {

using CapabilityType = ::csi::v1::NodeServiceCapability::RPC;

void Encode(const node::VolumeUsage& from, ::csi::v1::NodeGetVolumeStatsResponse& to) {
  auto& bytes = *to.add_usage();
  bytes.set_unit(::csi::v1::VolumeUsage::BYTES);
  bytes.set_total(from.total_bytes);
  if (from.block) return;
  bytes.set_available(from.available_bytes);
  bytes.set_used(from.used_bytes);
  auto& inodes = *to.add_usage();
  inodes.set_unit(::csi::v1::VolumeUsage::INODES);
  inodes.set_total(from.total_inodes);
  inodes.set_available(from.available_inodes);
  inodes.set_used(from.used_inodes);
}

// Reading is allowed beside a change of the volume. Its own claim keeps the reads of a stuck file
// system from taking one worker after another.
std::string UsageClaim(const std::string& volume_id) {
  return absl::StrCat("usage of ", volume_id);
}

}  // namespace

grpc::Status NodeService::NodeGetInfo(grpc::ServerContext* context,
                                      const ::csi::v1::NodeGetInfoRequest* request,
                                      ::csi::v1::NodeGetInfoResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    response->set_node_id(identity_.host.text());
    response->set_max_volumes_per_node(identity_.max_volumes);
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeGetCapabilities(grpc::ServerContext* context,
                                              const ::csi::v1::NodeGetCapabilitiesRequest* request,
                                              ::csi::v1::NodeGetCapabilitiesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    for (const auto type : {CapabilityType::STAGE_UNSTAGE_VOLUME, CapabilityType::GET_VOLUME_STATS,
                            CapabilityType::EXPAND_VOLUME, CapabilityType::SINGLE_NODE_MULTI_WRITER,
                            CapabilityType::VOLUME_MOUNT_GROUP}) {
      response->add_capabilities()->mutable_rpc()->set_type(type);
    }
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeStageVolume(grpc::ServerContext* context,
                                          const ::csi::v1::NodeStageVolumeRequest* request,
                                          ::csi::v1::NodeStageVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(node::StageRequest wanted, ParseStage(*request));
    return rpc.Perform(request->volume_id(),
                       [&stager = parts_.stager, wanted = std::move(wanted)](base::Call& call) {
                         return stager.Stage(wanted, call);
                       });
  });
}

grpc::Status NodeService::NodePublishVolume(grpc::ServerContext* context,
                                            const ::csi::v1::NodePublishVolumeRequest* request,
                                            ::csi::v1::NodePublishVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(node::PublishRequest wanted, ParsePublish(*request));
    return rpc.Perform(request->volume_id(),
                       [&publisher = parts_.publisher, wanted = std::move(wanted)](
                           base::Call& call) { return publisher.Publish(wanted, call); });
  });
}

grpc::Status NodeService::NodeExpandVolume(grpc::ServerContext* context,
                                           const ::csi::v1::NodeExpandVolumeRequest* request,
                                           ::csi::v1::NodeExpandVolumeResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(node::ExpandRequest wanted, ParseExpand(*request));
    ASSIGN_OR_RETURN(
        const std::int64_t size,
        rpc.PerformFor<std::int64_t>(
            request->volume_id(), [&expander = parts_.expander, wanted = std::move(wanted)](
                                      base::Call& call) { return expander.Expand(wanted, call); }));
    response->set_capacity_bytes(size);
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeUnpublishVolume(grpc::ServerContext* context,
                                              const ::csi::v1::NodeUnpublishVolumeRequest* request,
                                              ::csi::v1::NodeUnpublishVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(VolumePath at, ParseUnpublish(*request));
    return rpc.Perform(request->volume_id(),
                       [&publisher = parts_.publisher, at = std::move(at)](base::Call& call) {
                         return publisher.Unpublish(at.volume_id, at.path, call);
                       });
  });
}

grpc::Status NodeService::NodeUnstageVolume(grpc::ServerContext* context,
                                            const ::csi::v1::NodeUnstageVolumeRequest* request,
                                            ::csi::v1::NodeUnstageVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(VolumePath at, ParseUnstage(*request));
    return rpc.Perform(request->volume_id(),
                       [&stager = parts_.stager, at = std::move(at)](base::Call& call) {
                         return stager.Unstage(at.volume_id, at.path, call);
                       });
  });
}

grpc::Status NodeService::NodeGetVolumeStats(grpc::ServerContext* context,
                                             const ::csi::v1::NodeGetVolumeStatsRequest* request,
                                             ::csi::v1::NodeGetVolumeStatsResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(VolumePath at, ParseGetStats(*request));
    ASSIGN_OR_RETURN(const node::VolumeUsage usage,
                     rpc.PerformFor<node::VolumeUsage>(
                         UsageClaim(request->volume_id()),
                         [&usage = parts_.usage, at = std::move(at)](const base::Call&) {
                           return usage.Read(at.volume_id, at.path);
                         }));
    Encode(usage, *response);
    return absl::OkStatus();
  });
}

}  // namespace nvmeof::csi
