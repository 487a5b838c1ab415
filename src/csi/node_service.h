// NodeService: csi.v1.Node. Each method parses, performs on the node half under the volume's claim,
// and encodes. What is not overridden here is not announced and answers Unimplemented.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "csi/rpc.h"
#include "csi/v1/csi.grpc.pb.h"
#include "node/expander.h"
#include "node/publisher.h"
#include "node/stager.h"
#include "node/usage.h"
#include "volume/nqn.h"

namespace nvmeof::csi {

// All borrowed.
struct NodeParts {
  node::Stager& stager;
  node::Publisher& publisher;
  node::Expander& expander;
  const node::Usage& usage;
};

struct NodeIdentity {
  volume::Nqn host;              // the node id
  std::int64_t max_volumes = 0;  // 0 = the orchestrator decides
};

// Safe to use from several threads. Borrows the edge and the parts.
class NodeService final : public ::csi::v1::Node::Service {
 public:
  NodeService(RpcEdge& edge, NodeParts parts, NodeIdentity identity)
      : edge_(edge), parts_(parts), identity_(std::move(identity)) {}

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

 private:
  RpcEdge& edge_;
  const NodeParts parts_;
  const NodeIdentity identity_;
};

}  // namespace nvmeof::csi
