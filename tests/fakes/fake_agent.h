// FakeAgent: a target agent in this process: the real protocol on a unix socket, and a
// MemoryBackend of one place in the role of pool and kernel.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"

#include "backend/backends_config.h"
#include "nvmeof/v1/target_agent.grpc.pb.h"
#include "tests/fakes/memory_backend.h"

namespace nvmeof::testing {

// Internally synchronised. Serves from construction to destruction.
class FakeAgent final : public v1::TargetAgent::Service {
 public:
  // `address` as in AgentConfig; "127.0.0.1:0" takes a free port, and then Stop is for good.
  FakeAgent(std::string name, std::string address, MemoryBackendOptions options = {});
  ~FakeAgent() override;

  backend::AgentConfig config() const {
    const bool chose_port = absl::EndsWith(address_, ":0");
    return {name_, chose_port ? absl::StrCat("127.0.0.1:", port_) : address_};
  }

  void SetRoom(std::int64_t bytes) { memory_.SetRoom(kPlace, bytes); }
  MemoryBackend& memory() { return memory_; }
  std::size_t volumes();

  // While it is down every call is UNAVAILABLE.
  void TakeDown() { memory_.TakeDown(kPlace); }
  void BringUp() { memory_.BringUp(kPlace); }

  // The process ends, and starts again with what it had.
  void Stop();
  void Start();

  // Its TCP connections end without a word, as those of a process that is killed and started again.
  void DropConnections();

  // Calls wait, without an answer, until Release.
  void Hold();
  void AwaitCall();  // blocks until one waits
  void Release();

  // The n-th call from now (1 is the next one) and all later ones are UNAVAILABLE; the n-th one
  // does its work first. 0 = all are served again.
  void DieAt(int n);

  // The n-th call from now is UNAVAILABLE and does nothing; 0 = none is.
  void RefuseAt(int n);

  int calls();  // until now

  // Every volume, room or new size passes through here before it is sent.
  void Distort(std::function<void(v1::Volume&)> distortion);
  void DistortRoom(std::function<void(v1::GetAgentResponse&)> distortion);
  void DistortSize(std::function<void(v1::ExpandVolumeResponse&)> distortion);

  grpc::Status GetAgent(grpc::ServerContext*, const v1::GetAgentRequest*,
                        v1::GetAgentResponse* response) override;
  grpc::Status CreateVolume(grpc::ServerContext*, const v1::CreateVolumeRequest* request,
                            v1::CreateVolumeResponse* response) override;
  grpc::Status GetVolume(grpc::ServerContext*, const v1::GetVolumeRequest* request,
                         v1::GetVolumeResponse* response) override;
  grpc::Status ListVolumes(grpc::ServerContext*, const v1::ListVolumesRequest*,
                           v1::ListVolumesResponse* response) override;
  grpc::Status DeleteVolume(grpc::ServerContext*, const v1::DeleteVolumeRequest* request,
                            v1::DeleteVolumeResponse*) override;
  grpc::Status ExpandVolume(grpc::ServerContext*, const v1::ExpandVolumeRequest* request,
                            v1::ExpandVolumeResponse* response) override;
  grpc::Status ExportVolume(grpc::ServerContext*, const v1::ExportVolumeRequest* request,
                            v1::ExportVolumeResponse* response) override;
  grpc::Status UnexportVolume(grpc::ServerContext*, const v1::UnexportVolumeRequest* request,
                              v1::UnexportVolumeResponse*) override;

 private:
  static constexpr char kPlace[] = "place";

  // Every call runs its work in here.
  grpc::Status Serve(const std::function<absl::Status()>& work);
  void Show(const backend::Volume& volume, v1::Volume& message);
  static volume::VolumeId Id(const std::string& handle);

  const std::string name_;
  const std::string address_;
  MemoryBackend memory_;
  int port_ = 0;  // of TCP
  std::unique_ptr<grpc::Server> server_;

  absl::Mutex mutex_;
  bool answering_ ABSL_GUARDED_BY(mutex_) = true;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int dies_at_ ABSL_GUARDED_BY(mutex_) = 0;     // 0 = never
  int refuses_at_ ABSL_GUARDED_BY(mutex_) = 0;  // 0 = never
  std::function<void(v1::Volume&)> distortion_ ABSL_GUARDED_BY(mutex_) = [](v1::Volume&) {};
  std::function<void(v1::GetAgentResponse&)> room_distortion_ ABSL_GUARDED_BY(mutex_) =
      [](v1::GetAgentResponse&) {};
  std::function<void(v1::ExpandVolumeResponse&)> size_distortion_ ABSL_GUARDED_BY(mutex_) =
      [](v1::ExpandVolumeResponse&) {};
};

}  // namespace nvmeof::testing
