// NodeService: csi.v1.Node. Each method parses, performs on the node half under the volume's claim,
// and encodes. What is not overridden here is not announced and answers Unimplemented.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "csi/rpc.h"
#include "csi/v1/csi.grpc.pb.h"
#include "node/node_half.h"
#include "volume/accessibility.h"
#include "volume/nqn.h"

namespace nvmeof::csi {

struct NodeIdentity {
  volume::Nqn host;              // the node id
  std::int64_t max_volumes = 0;  // 0 = the orchestrator decides
  volume::Segments segments = {};
};

// Safe to use from several threads. Borrows the edge and the half.
class NodeService final : public ::csi::v1::Node::Service {
 public:
  NodeService(RpcEdge& edge, node::NodeHalf& half, NodeIdentity identity)
      : edge_(edge), half_(half), identity_(std::move(identity)) {}

  grpc::Status NodeGetInfo(grpc::ServerContext* context,
                           const ::csi::v1::NodeGetInfoRequest* request,
                           ::csi::v1::NodeGetInfoResponse* response) override;
  grpc::Status NodeGetCapabilities(grpc::ServerContext* context,
                                   const ::csi::v1::NodeGetCapabilitiesRequest* request,
                                   ::csi::v1::NodeGetCapabilitiesResponse* response) override;

  grpc::Status NodeStageVolume(grpc::ServerContext* context,
                               const ::csi::v1::NodeStageVolumeRequest* request,
                               ::csi::v1::NodeStageVolumeResponse* response) override;
  grpc::Status NodePublishVolume(grpc::ServerContext* context,
                                 const ::csi::v1::NodePublishVolumeRequest* request,
                                 ::csi::v1::NodePublishVolumeResponse* response) override;
  grpc::Status NodeExpandVolume(grpc::ServerContext* context,
                                const ::csi::v1::NodeExpandVolumeRequest* request,
                                ::csi::v1::NodeExpandVolumeResponse* response) override;
  grpc::Status NodeUnpublishVolume(grpc::ServerContext* context,
                                   const ::csi::v1::NodeUnpublishVolumeRequest* request,
                                   ::csi::v1::NodeUnpublishVolumeResponse* response) override;
  grpc::Status NodeUnstageVolume(grpc::ServerContext* context,
                                 const ::csi::v1::NodeUnstageVolumeRequest* request,
                                 ::csi::v1::NodeUnstageVolumeResponse* response) override;

  grpc::Status NodeGetVolumeStats(grpc::ServerContext* context,
                                  const ::csi::v1::NodeGetVolumeStatsRequest* request,
                                  ::csi::v1::NodeGetVolumeStatsResponse* response) override;

  // Alpha in CSI 1.13. Both do no I/O on any device.
  grpc::Status NodeGetVolumeHealth(grpc::ServerContext* context,
                                   const ::csi::v1::NodeGetVolumeHealthRequest* request,
                                   ::csi::v1::NodeGetVolumeHealthResponse* response) override;
  grpc::Status NodeGetStorageHealth(grpc::ServerContext* context,
                                    const ::csi::v1::NodeGetStorageHealthRequest* request,
                                    ::csi::v1::NodeGetStorageHealthResponse* response) override;

 private:
  RpcEdge& edge_;
  node::NodeHalf& half_;
  const NodeIdentity identity_;
};

}  // namespace nvmeof::csi
