#include "csi/node_service.h"

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "csi/node_requests.h"

namespace nvmeof::csi {
namespace {

using NodeAbility = ::csi::v1::NodeServiceCapability::RPC;

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

using Severity = node::Ailment::Severity;

// CSI specification, "VolumeHealthEntry": at most 1024 bytes.
std::string Shortened(const std::string& message) {
  constexpr std::size_t kMost = 1024;
  constexpr absl::string_view kCut = "...";
  if (message.size() <= kMost) return message;
  return absl::StrCat(message.substr(0, kMost - kCut.size()), kCut);
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
    if (identity_.segments.empty()) return absl::OkStatus();
    auto& segments = *response->mutable_accessible_topology()->mutable_segments();
    for (const auto& [key, value] : identity_.segments) segments[key] = value;
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeGetCapabilities(grpc::ServerContext* context,
                                              const ::csi::v1::NodeGetCapabilitiesRequest* request,
                                              ::csi::v1::NodeGetCapabilitiesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    for (const auto type : {NodeAbility::STAGE_UNSTAGE_VOLUME, NodeAbility::GET_VOLUME_STATS,
                            NodeAbility::EXPAND_VOLUME, NodeAbility::SINGLE_NODE_MULTI_WRITER,
                            NodeAbility::VOLUME_MOUNT_GROUP, NodeAbility::GET_VOLUME_HEALTH,
                            NodeAbility::GET_STORAGE_HEALTH}) {
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
                       [&half = half_, wanted = std::move(wanted)](base::Call& call) {
                         absl::Status staged = half.stager.Stage(wanted, call);
                         if (staged.ok()) {
                           half.troubles.Clear(wanted.volume_id);
                           half.reconciler.Attend(wanted.volume_id);
                         } else {
                           half.troubles.Note(wanted.volume_id, std::string(staged.message()));
                         }
                         return staged;
                       });
  });
}

grpc::Status NodeService::NodePublishVolume(grpc::ServerContext* context,
                                            const ::csi::v1::NodePublishVolumeRequest* request,
                                            ::csi::v1::NodePublishVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(node::PublishRequest wanted, ParsePublish(*request));
    return rpc.Perform(request->volume_id(),
                       [&publisher = half_.publisher, wanted = std::move(wanted)](
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
            request->volume_id(), [&expander = half_.expander, wanted = std::move(wanted)](
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
                       [&publisher = half_.publisher, at = std::move(at)](base::Call& call) {
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
                       [&half = half_, at = std::move(at)](base::Call& call) -> absl::Status {
                         RETURN_IF_ERROR(half.stager.Unstage(at.volume_id, at.path, call));
                         half.troubles.Clear(at.volume_id);
                         return absl::OkStatus();
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
                         [&usage = half_.usage, at = std::move(at)](const base::Call&) {
                           return usage.Read(at.volume_id, at.path);
                         }));
    Encode(usage, *response);
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeGetVolumeHealth(grpc::ServerContext* context,
                                              const ::csi::v1::NodeGetVolumeHealthRequest* request,
                                              ::csi::v1::NodeGetVolumeHealthResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(const std::string volume_id, ParseGetHealth(*request));
    ASSIGN_OR_RETURN(const std::vector<node::Ailment> ailments,
                     rpc.LookFor<std::vector<node::Ailment>>(
                         [&health = half_.health, volume_id](const base::Call&) {
                           return health.OfVolume(volume_id);
                         }));
    auto& health = *response->mutable_volume_health();
    health.set_volume_id(volume_id);
    for (const node::Ailment& ailment : ailments) {
      auto& entry = *health.add_health_statuses();
      entry.set_status(ailment.severity == Severity::kDegraded ? ::csi::v1::DEGRADED
                                                               : ::csi::v1::INACCESSIBLE);
      entry.set_reason(ailment.reason);
      entry.set_message(Shortened(ailment.message));
    }
    return absl::OkStatus();
  });
}

grpc::Status NodeService::NodeGetStorageHealth(
    grpc::ServerContext* context, const ::csi::v1::NodeGetStorageHealthRequest* request,
    ::csi::v1::NodeGetStorageHealthResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(
        const std::vector<node::Ailment> ailments,
        rpc.LookFor<std::vector<node::Ailment>>(
            [&health = half_.health](const base::Call&) { return health.OfStorage(); }));
    for (const node::Ailment& ailment : ailments) {
      auto& entry = *response->add_backend_health();
      entry.set_status(ailment.severity == Severity::kDegraded ? ::csi::v1::STORAGE_DEGRADED
                                                               : ::csi::v1::STORAGE_UNREACHABLE);
      entry.set_reason(ailment.reason);
      entry.set_message(Shortened(ailment.message));
    }
    return absl::OkStatus();
  });
}

}  // namespace nvmeof::csi
