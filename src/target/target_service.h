// TargetService: the agent's gRPC protocol (proto/nvmeof/v1/target_agent.proto) in front of
// Provisioner and Exporter.
//
// A call that touches disk or kernel runs in a worker: when the kernel holds it beyond the caller's
// deadline, the caller gets DEADLINE_EXCEEDED, the step goes on with its claim, and a repeated call
// gets ABORTED until it is done. One log line per call.
#pragma once

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "target/exporter.h"
#include "target/provisioner.h"
#include "target/volume_store.h"

namespace nvmeof::target {

// Borrows everything. Safe to use from several threads.
class TargetService final : public v1::TargetAgent::Service {
 public:
  struct Parts {
    Provisioner& provisioner;
    Exporter& exporter;
    const VolumeStore& store;
    base::Workers& workers;
    // Of Unexport alone: however many other calls wait for disk or LVM, a host is shut out.
    base::Workers& fences;
    const base::Clock& clock;
    std::string version;
  };

  // Steps that outlive their calls use the service: its owner ends the workers before it.
  explicit TargetService(Parts parts) : parts_(std::move(parts)) {}

  grpc::Status GetAgent(grpc::ServerContext* context, const v1::GetAgentRequest* request,
                        v1::GetAgentResponse* response) override;
  grpc::Status CreateVolume(grpc::ServerContext* context, const v1::CreateVolumeRequest* request,
                            v1::CreateVolumeResponse* response) override;
  grpc::Status GetVolume(grpc::ServerContext* context, const v1::GetVolumeRequest* request,
                         v1::GetVolumeResponse* response) override;
  grpc::Status ListVolumes(grpc::ServerContext* context, const v1::ListVolumesRequest* request,
                           v1::ListVolumesResponse* response) override;
  grpc::Status DeleteVolume(grpc::ServerContext* context, const v1::DeleteVolumeRequest* request,
                            v1::DeleteVolumeResponse* response) override;
  grpc::Status ExpandVolume(grpc::ServerContext* context, const v1::ExpandVolumeRequest* request,
                            v1::ExpandVolumeResponse* response) override;
  grpc::Status ExportVolume(grpc::ServerContext* context, const v1::ExportVolumeRequest* request,
                            v1::ExportVolumeResponse* response) override;
  grpc::Status UnexportVolume(grpc::ServerContext* context,
                              const v1::UnexportVolumeRequest* request,
                              v1::UnexportVolumeResponse* response) override;

 private:
  // What the log line says of a call.
  struct Rpc {
    std::string name;
    std::string volume;
    base::Level level = base::Level::kInfo;
  };

  template <typename Response>
  grpc::Status Run(const Rpc& rpc, const grpc::ServerContext& context,
                   absl::AnyInvocable<absl::StatusOr<Response>()> body, Response* response) {
    return RunOn<Response>(parts_.workers, rpc, context, std::move(body), response);
  }
  template <typename Response>
  grpc::Status RunOn(base::Workers& workers, const Rpc& rpc, const grpc::ServerContext& context,
                     absl::AnyInvocable<absl::StatusOr<Response>()> body, Response* response);
  grpc::Status Finish(const Rpc& rpc, absl::Time start, const absl::Status& status) const;
  absl::Time Deadline(const grpc::ServerContext& context) const;
  v1::Volume ToWire(const VolumeRecord& record) const;

  const Parts parts_;
};

}  // namespace nvmeof::target
