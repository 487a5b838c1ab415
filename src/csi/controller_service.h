// ControllerService: csi.v1.Controller. Each method parses, performs on Volumes under a claim, and
// encodes. What is not overridden here is not announced and answers Unimplemented.
#pragma once

#include "backend/backends.h"
#include "csi/rpc.h"
#include "csi/v1/csi.grpc.pb.h"
#include "csi/volumes.h"

namespace nvmeof::csi {

// Safe to use from several threads. Borrows the edge and the backends.
class ControllerService final : public ::csi::v1::Controller::Service {
 public:
  ControllerService(RpcEdge& edge, const backend::Backends& backends)
      : edge_(edge), volumes_(backends) {}

  // Whether the plugin has volumes that not every node reaches.
  bool HasPlaces() const { return volumes_.HavePlaces(); }

  grpc::Status ControllerGetCapabilities(
      grpc::ServerContext* context, const ::csi::v1::ControllerGetCapabilitiesRequest* request,
      ::csi::v1::ControllerGetCapabilitiesResponse* response) override;

  grpc::Status CreateVolume(grpc::ServerContext* context,
                            const ::csi::v1::CreateVolumeRequest* request,
                            ::csi::v1::CreateVolumeResponse* response) override;
  grpc::Status DeleteVolume(grpc::ServerContext* context,
                            const ::csi::v1::DeleteVolumeRequest* request,
                            ::csi::v1::DeleteVolumeResponse* response) override;
  grpc::Status ControllerExpandVolume(grpc::ServerContext* context,
                                      const ::csi::v1::ControllerExpandVolumeRequest* request,
                                      ::csi::v1::ControllerExpandVolumeResponse* response) override;

  grpc::Status ControllerPublishVolume(
      grpc::ServerContext* context, const ::csi::v1::ControllerPublishVolumeRequest* request,
      ::csi::v1::ControllerPublishVolumeResponse* response) override;
  grpc::Status ControllerUnpublishVolume(
      grpc::ServerContext* context, const ::csi::v1::ControllerUnpublishVolumeRequest* request,
      ::csi::v1::ControllerUnpublishVolumeResponse* response) override;

  grpc::Status ValidateVolumeCapabilities(
      grpc::ServerContext* context, const ::csi::v1::ValidateVolumeCapabilitiesRequest* request,
      ::csi::v1::ValidateVolumeCapabilitiesResponse* response) override;
  grpc::Status ListVolumes(grpc::ServerContext* context,
                           const ::csi::v1::ListVolumesRequest* request,
                           ::csi::v1::ListVolumesResponse* response) override;
  grpc::Status ControllerGetVolume(grpc::ServerContext* context,
                                   const ::csi::v1::ControllerGetVolumeRequest* request,
                                   ::csi::v1::ControllerGetVolumeResponse* response) override;
  grpc::Status GetCapacity(grpc::ServerContext* context,
                           const ::csi::v1::GetCapacityRequest* request,
                           ::csi::v1::GetCapacityResponse* response) override;

 private:
  RpcEdge& edge_;
  const Volumes volumes_;
};

}  // namespace nvmeof::csi
