#include "csi/controller_service.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/status_macros.h"
#include "csi/controller_requests.h"
#include "volume/publish_context.h"
#include "volume/volume_id.h"

namespace nvmeof::csi {
namespace {

using ControllerAbility = ::csi::v1::ControllerServiceCapability::RPC;

void Encode(const volume::StringMap& from, google::protobuf::Map<std::string, std::string>& to) {
  for (const auto& [key, value] : from) to[key] = value;
}

void Encode(const backend::Volume& from, ::csi::v1::Volume& to) {
  to.set_volume_id(volume::FormatVolumeId(from.id));
  to.set_capacity_bytes(from.size_bytes);
  Encode(from.context, *to.mutable_volume_context());
  if (from.reachable_from.empty()) return;
  Encode(from.reachable_from, *to.add_accessible_topology()->mutable_segments());
}

// `Status` is one of two messages of the same shape.
template <typename Status>
void EncodeNodes(const backend::Volume& from, Status& to) {
  for (const backend::Export& present : from.exports) {
    to.add_published_node_ids(present.host.text());
  }
}

// A name and an id never are the same claim.
std::string NameClaim(const std::string& name) { return absl::StrCat("name ", name); }

}  // namespace

grpc::Status ControllerService::ControllerGetCapabilities(
    grpc::ServerContext* context, const ::csi::v1::ControllerGetCapabilitiesRequest* request,
    ::csi::v1::ControllerGetCapabilitiesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    const auto announce = [&](ControllerAbility::Type type) {
      response->add_capabilities()->mutable_rpc()->set_type(type);
    };
    for (const auto type :
         {ControllerAbility::CREATE_DELETE_VOLUME, ControllerAbility::PUBLISH_UNPUBLISH_VOLUME,
          ControllerAbility::LIST_VOLUMES, ControllerAbility::LIST_VOLUMES_PUBLISHED_NODES,
          ControllerAbility::GET_VOLUME, ControllerAbility::EXPAND_VOLUME,
          ControllerAbility::SINGLE_NODE_MULTI_WRITER}) {
      announce(type);
    }
    if (volumes_.CanMeasure()) announce(ControllerAbility::GET_CAPACITY);
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::CreateVolume(grpc::ServerContext* context,
                                             const ::csi::v1::CreateVolumeRequest* request,
                                             ::csi::v1::CreateVolumeResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(CreateArguments wanted, ParseCreateVolume(*request));
    ASSIGN_OR_RETURN(
        const backend::Volume volume,
        rpc.PerformFor<backend::Volume>(NameClaim(request->name()),
                                        [this, wanted = std::move(wanted)](const base::Call& call) {
                                          return volumes_.Create(wanted, call);
                                        }));
    Encode(volume, *response->mutable_volume());
    rpc.Note("volume", response->volume().volume_id());
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::DeleteVolume(grpc::ServerContext* context,
                                             const ::csi::v1::DeleteVolumeRequest* request,
                                             ::csi::v1::DeleteVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(std::string id, ParseDeleteVolume(*request));
    return rpc.Perform(request->volume_id(), [this, id = std::move(id)](const base::Call& call) {
      return volumes_.Delete(id, call);
    });
  });
}

grpc::Status ControllerService::ControllerExpandVolume(
    grpc::ServerContext* context, const ::csi::v1::ControllerExpandVolumeRequest* request,
    ::csi::v1::ControllerExpandVolumeResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(ExpandArguments wanted, ParseExpandVolume(*request));
    ASSIGN_OR_RETURN(
        const std::int64_t size,
        rpc.PerformFor<std::int64_t>(request->volume_id(),
                                     [this, wanted = std::move(wanted)](const base::Call& call) {
                                       return volumes_.Expand(wanted, call);
                                     }));
    response->set_capacity_bytes(size);
    // Also for raw block: the node waits until its kernel shows the new size.
    response->set_node_expansion_required(true);
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::ControllerPublishVolume(
    grpc::ServerContext* context, const ::csi::v1::ControllerPublishVolumeRequest* request,
    ::csi::v1::ControllerPublishVolumeResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(PublishArguments wanted, ParsePublishVolume(*request));
    ASSIGN_OR_RETURN(
        const volume::Target target,
        rpc.PerformFor<volume::Target>(request->volume_id(),
                                       [this, wanted = std::move(wanted)](const base::Call& call) {
                                         return volumes_.Publish(wanted, call);
                                       }));
    Encode(volume::EncodePublishContext(target), *response->mutable_publish_context());
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::ControllerUnpublishVolume(
    grpc::ServerContext* context, const ::csi::v1::ControllerUnpublishVolumeRequest* request,
    ::csi::v1::ControllerUnpublishVolumeResponse*) {
  return edge_.Run(*context, *request, RpcKind::kChange, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(UnpublishArguments wanted, ParseUnpublishVolume(*request));
    return rpc.Perform(request->volume_id(),
                       [this, wanted = std::move(wanted)](const base::Call& call) {
                         return volumes_.Unpublish(wanted, call);
                       });
  });
}

grpc::Status ControllerService::ValidateVolumeCapabilities(
    grpc::ServerContext* context, const ::csi::v1::ValidateVolumeCapabilitiesRequest* request,
    ::csi::v1::ValidateVolumeCapabilitiesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(const ValidateArguments wanted, ParseValidateCapabilities(*request));
    std::optional<backend::Volume> volume;
    if (!wanted.by_hand) {
      ASSIGN_OR_RETURN(volume,
                       rpc.LookFor<backend::Volume>([this, &wanted](const base::Call& call) {
                         return volumes_.Get(wanted.volume_id, call);
                       }));
    }
    absl::Status verdict = CompareWithVolume(*request, volume);
    if (verdict.ok() && !wanted.by_hand) {
      verdict = volumes_.CheckSharing(wanted.volume_id, wanted.shared);
    }
    if (!verdict.ok()) {
      response->set_message(std::string(verdict.message()));
      return absl::OkStatus();
    }
    auto& confirmed = *response->mutable_confirmed();
    *confirmed.mutable_volume_context() = request->volume_context();
    *confirmed.mutable_volume_capabilities() = request->volume_capabilities();
    *confirmed.mutable_parameters() = request->parameters();
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::ListVolumes(grpc::ServerContext* context,
                                            const ::csi::v1::ListVolumesRequest* request,
                                            ::csi::v1::ListVolumesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(const ListArguments wanted, ParseListVolumes(*request));
    ASSIGN_OR_RETURN(const VolumePage page,
                     rpc.LookFor<VolumePage>([this, wanted](const base::Call& call) {
                       return volumes_.List(wanted, call);
                     }));
    for (const backend::Volume& volume : page.volumes) {
      auto& entry = *response->add_entries();
      Encode(volume, *entry.mutable_volume());
      EncodeNodes(volume, *entry.mutable_status());
    }
    if (page.more) response->set_next_token(volume::FormatVolumeId(page.volumes.back().id));
    if (!page.unreachable.empty()) {
      rpc.Note("unreachable", absl::StrJoin(page.unreachable, ","));
    }
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::ControllerGetVolume(
    grpc::ServerContext* context, const ::csi::v1::ControllerGetVolumeRequest* request,
    ::csi::v1::ControllerGetVolumeResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(const std::string id, ParseGetVolume(*request));
    ASSIGN_OR_RETURN(const backend::Volume volume,
                     rpc.LookFor<backend::Volume>(
                         [this, id](const base::Call& call) { return volumes_.Get(id, call); }));
    Encode(volume, *response->mutable_volume());
    EncodeNodes(volume, *response->mutable_status());
    return absl::OkStatus();
  });
}

grpc::Status ControllerService::GetCapacity(grpc::ServerContext* context,
                                            const ::csi::v1::GetCapacityRequest* request,
                                            ::csi::v1::GetCapacityResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc& rpc) -> absl::Status {
    ASSIGN_OR_RETURN(const CapacityArguments wanted, ParseGetCapacity(*request));
    ASSIGN_OR_RETURN(const backend::Capacity capacity,
                     rpc.LookFor<backend::Capacity>([this, wanted](const base::Call& call) {
                       return volumes_.Measure(wanted, call);
                     }));
    response->set_available_capacity(capacity.available_bytes);
    response->mutable_maximum_volume_size()->set_value(capacity.maximum_volume_bytes);
    response->mutable_minimum_volume_size()->set_value(capacity.minimum_volume_bytes);
    return absl::OkStatus();
  });
}

}  // namespace nvmeof::csi
