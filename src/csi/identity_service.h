// IdentityService: csi.v1.Identity, the same for controller and node.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

#include "csi/rpc.h"
#include "csi/v1/csi.grpc.pb.h"

namespace nvmeof::csi {

struct PluginInfo {
  std::string name;
  std::string version;
};

// Safe to use from several threads. Borrows the edge.
class IdentityService final : public ::csi::v1::Identity::Service {
 public:
  // `health` is what Probe answers (csi/health): OK, or why the plugin cannot work, which the
  // caller gets as FailedPrecondition. Every Probe asks it, on its own thread.
  IdentityService(RpcEdge& edge, PluginInfo info, std::function<absl::Status()> health);

  grpc::Status GetPluginInfo(grpc::ServerContext* context,
                             const ::csi::v1::GetPluginInfoRequest* request,
                             ::csi::v1::GetPluginInfoResponse* response) override;
  grpc::Status GetPluginCapabilities(grpc::ServerContext* context,
                                     const ::csi::v1::GetPluginCapabilitiesRequest* request,
                                     ::csi::v1::GetPluginCapabilitiesResponse* response) override;
  grpc::Status Probe(grpc::ServerContext* context, const ::csi::v1::ProbeRequest* request,
                     ::csi::v1::ProbeResponse* response) override;

 private:
  RpcEdge& edge_;
  const PluginInfo info_;
  const std::function<absl::Status()> health_;
};

}  // namespace nvmeof::csi
