#include "csi/identity_service.h"

#include <utility>

namespace nvmeof::csi {

using ::csi::v1::PluginCapability;

IdentityService::IdentityService(RpcEdge& edge, PluginInfo info,
                                 std::function<absl::Status()> health)
    : edge_(edge), info_(std::move(info)), health_(std::move(health)) {}

grpc::Status IdentityService::GetPluginInfo(grpc::ServerContext* context,
                                            const ::csi::v1::GetPluginInfoRequest* request,
                                            ::csi::v1::GetPluginInfoResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    response->set_name(info_.name);
    response->set_vendor_version(info_.version);
    return absl::OkStatus();
  });
}

grpc::Status IdentityService::GetPluginCapabilities(
    grpc::ServerContext* context, const ::csi::v1::GetPluginCapabilitiesRequest* request,
    ::csi::v1::GetPluginCapabilitiesResponse* response) {
  return edge_.Run(*context, *request, RpcKind::kLook, [&](Rpc&) {
    // What controller and nodes can do together; each of them says all of it.
    if (info_.has_controller) {
      response->add_capabilities()->mutable_service()->set_type(
          PluginCapability::Service::CONTROLLER_SERVICE);
    }
    if (info_.has_places) {
      response->add_capabilities()->mutable_service()->set_type(
          PluginCapability::Service::VOLUME_ACCESSIBILITY_CONSTRAINTS);
    }
    response->add_capabilities()->mutable_volume_expansion()->set_type(
        PluginCapability::VolumeExpansion::ONLINE);
    return absl::OkStatus();
  });
}

grpc::Status IdentityService::Probe(grpc::ServerContext* context,
                                    const ::csi::v1::ProbeRequest* request,
                                    ::csi::v1::ProbeResponse* response) {
  const absl::Status health = health_();
  const RpcKind kind = IsNews(health) ? RpcKind::kChange : RpcKind::kLook;
  return edge_.Run(*context, *request, kind, [&](Rpc& rpc) {
    if (!health.ok()) rpc.Note("not_ready", std::string(health.message()));
    response->mutable_ready()->set_value(health.ok());
    return absl::OkStatus();
  });
}

bool IdentityService::IsNews(const absl::Status& health) {
  const absl::MutexLock lock(&mutex_);
  return std::exchange(told_, health) != health;
}

}  // namespace nvmeof::csi
