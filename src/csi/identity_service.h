// IdentityService: csi.v1.Identity, the same for controller and node.
#pragma once

#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "csi/rpc.h"
#include "csi/v1/csi.grpc.pb.h"

namespace nvmeof::csi {

struct PluginInfo {
  std::string name;
  std::string version;
  bool has_controller = true;  // somewhere in the cluster
  bool has_places = false;     // volumes that not every node reaches
};

// Safe to use from several threads. Borrows the edge.
class IdentityService final : public ::csi::v1::Identity::Service {
 public:
  // `health` (csi/health): OK, or why the plugin cannot work now. Probe then answers OK with ready
  // = false, for which a caller waits; for the error that CSI also allows, it may restart the
  // plugin or itself, and neither brings storage back. Every Probe asks it, on its own thread; the
  // log tells each change, and why.
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
  bool IsNews(const absl::Status& health);

  RpcEdge& edge_;
  const PluginInfo info_;
  const std::function<absl::Status()> health_;
  absl::Mutex mutex_;
  absl::Status told_ ABSL_GUARDED_BY(mutex_);  // OK before the first Probe
};

}  // namespace nvmeof::csi
