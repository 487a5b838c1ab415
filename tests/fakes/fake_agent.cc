#include "tests/fakes/fake_agent.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "grpc/grpc.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

#include "base/status_macros.h"

namespace nvmeof::testing {
namespace {

using backend::Export;
using backend::ExportMode;
using backend::Volume;

constexpr char kBackend[] = "memory";
const absl::Time kNever = absl::InfiniteFuture();

MemoryBackendOptions OfOnePlace(MemoryBackendOptions options, const std::string& place) {
  options.name = kBackend;
  options.places = {place};
  return options;
}

volume::Provisioning Decode(v1::Provisioning provisioning) {
  if (provisioning == v1::PROVISIONING_THIN) return volume::Provisioning::kThin;
  if (provisioning == v1::PROVISIONING_THICK) return volume::Provisioning::kThick;
  return volume::Provisioning::kBackendDefault;
}

absl::StatusOr<Export> Decode(const v1::Export& message) {
  ASSIGN_OR_RETURN(volume::Nqn host, volume::Nqn::Parse(message.host_nqn()));
  const bool multi = message.mode() == v1::EXPORT_MODE_MULTI_NODE;
  return Export{std::move(host), multi ? ExportMode::kMultiNode : ExportMode::kSingleNode,
                message.fingerprint()};
}

v1::Volume Encode(const Volume& volume) {
  v1::Volume message;
  message.set_handle(volume.id.handle);
  message.set_name(volume.name);
  message.set_size_bytes(volume.size_bytes);
  message.set_fingerprint(volume.fingerprint);
  message.mutable_context()->insert(volume.context.begin(), volume.context.end());
  message.set_subsystem_nqn(volume.target.subsystem.text());
  message.set_uuid(volume.target.identity.uuid->Dashed());
  message.set_nguid(volume.target.identity.nguid->Hex());
  message.set_nsid(*volume.target.identity.nsid);
  for (const volume::Portal& portal : volume.target.portals) {
    v1::Portal& out = *message.add_portals();
    out.set_transport(portal.transport);
    out.set_address(portal.address);
    out.set_service(portal.service);
  }
  for (const Export& each : volume.exports) {
    v1::Export& out = *message.add_exports();
    out.set_host_nqn(each.host.text());
    out.set_mode(each.mode == ExportMode::kMultiNode ? v1::EXPORT_MODE_MULTI_NODE
                                                     : v1::EXPORT_MODE_SINGLE_NODE);
    out.set_fingerprint(each.fingerprint);
  }
  return message;
}

}  // namespace

FakeAgent::FakeAgent(std::string name, std::string address, MemoryBackendOptions options)
    : name_(std::move(name)),
      address_(std::move(address)),
      memory_(OfOnePlace(std::move(options), kPlace)) {
  // gRPC stays up until the process ends: to take it down it may wait ten seconds for its poller.
  grpc_init();
  Start();
}

FakeAgent::~FakeAgent() {
  Release();
  Stop();
}

std::size_t FakeAgent::volumes() { return memory_.List(kNever)->volumes.size(); }

void FakeAgent::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

void FakeAgent::Stop() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeAgent::DropConnections() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in6 own = {};
    socklen_t size = sizeof(own);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) continue;
    // IPv4 has the port in the same place.
    const bool is_ours = (own.sin6_family == AF_INET || own.sin6_family == AF_INET6) &&
                         ntohs(own.sin6_port) == port_;
    int listens = 0;
    socklen_t length = sizeof(listens);
    ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
    if (is_ours && listens == 0) ::shutdown(fd, SHUT_RDWR);
  }
}

void FakeAgent::Hold() {
  const absl::MutexLock lock(&mutex_);
  answering_ = false;
}

void FakeAgent::AwaitCall() {
  const absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](const int* waiting) { return *waiting > 0; }, &std::as_const(waiting_)));
}

void FakeAgent::Release() {
  const absl::MutexLock lock(&mutex_);
  answering_ = true;
}

void FakeAgent::DieAt(int n) {
  const absl::MutexLock lock(&mutex_);
  dies_at_ = n == 0 ? 0 : calls_ + n;
}

void FakeAgent::RefuseAt(int n) {
  const absl::MutexLock lock(&mutex_);
  refuses_at_ = n == 0 ? 0 : calls_ + n;
}

int FakeAgent::calls() {
  const absl::MutexLock lock(&mutex_);
  return calls_;
}

void FakeAgent::Distort(std::function<void(v1::Volume&)> distortion) {
  const absl::MutexLock lock(&mutex_);
  distortion_ = std::move(distortion);
}

void FakeAgent::DistortRoom(std::function<void(v1::GetAgentResponse&)> distortion) {
  const absl::MutexLock lock(&mutex_);
  room_distortion_ = std::move(distortion);
}

void FakeAgent::DistortSize(std::function<void(v1::ExpandVolumeResponse&)> distortion) {
  const absl::MutexLock lock(&mutex_);
  size_distortion_ = std::move(distortion);
}

grpc::Status FakeAgent::Serve(const std::function<absl::Status()>& work) {
  // As the agent's own, with details.
  const grpc::Status unavailable(grpc::StatusCode::UNAVAILABLE, "gone", "fake agent");
  int call = 0;
  int dies_at = 0;
  int refuses_at = 0;
  {
    const absl::MutexLock lock(&mutex_);
    ++waiting_;
    mutex_.Await(absl::Condition(&answering_));
    --waiting_;
    call = ++calls_;
    dies_at = dies_at_;
    refuses_at = refuses_at_;
  }
  if (call == refuses_at || (dies_at > 0 && call > dies_at)) return unavailable;
  const absl::Status status = work();
  if (call == dies_at) return unavailable;
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      "fake agent");
}

void FakeAgent::Show(const Volume& volume, v1::Volume& message) {
  message = Encode(volume);
  const absl::MutexLock lock(&mutex_);
  distortion_(message);
}

volume::VolumeId FakeAgent::Id(const std::string& handle) { return {kBackend, kPlace, handle}; }

grpc::Status FakeAgent::GetAgent(grpc::ServerContext*, const v1::GetAgentRequest*,
                                 v1::GetAgentResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const backend::Capacity capacity, memory_.GetCapacity({}, kNever));
    response->set_available_bytes(capacity.available_bytes);
    response->set_maximum_volume_bytes(capacity.maximum_volume_bytes);
    response->set_minimum_volume_bytes(capacity.minimum_volume_bytes);
    const absl::MutexLock lock(&mutex_);
    room_distortion_(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::CreateVolume(grpc::ServerContext*, const v1::CreateVolumeRequest* request,
                                     v1::CreateVolumeResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(
        const Volume volume,
        memory_.Create({.name = request->name(),
                        .size = {request->required_bytes(), request->limit_bytes()},
                        .provisioning = Decode(request->provisioning()),
                        .fingerprint = request->fingerprint(),
                        .context = {request->context().begin(), request->context().end()}},
                       kNever));
    Show(volume, *response->mutable_volume());
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::GetVolume(grpc::ServerContext*, const v1::GetVolumeRequest* request,
                                  v1::GetVolumeResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const Volume volume, request->has_name()
                                              ? memory_.FindByName(request->name(), kNever)
                                              : memory_.Get(Id(request->handle()), kNever));
    Show(volume, *response->mutable_volume());
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::ListVolumes(grpc::ServerContext*, const v1::ListVolumesRequest*,
                                    v1::ListVolumesResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const backend::VolumeList list, memory_.List(kNever));
    for (const Volume& volume : list.volumes) Show(volume, *response->add_volumes());
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::DeleteVolume(grpc::ServerContext*, const v1::DeleteVolumeRequest* request,
                                     v1::DeleteVolumeResponse*) {
  return Serve([&] { return memory_.Delete(Id(request->handle()), kNever); });
}

grpc::Status FakeAgent::ExpandVolume(grpc::ServerContext*, const v1::ExpandVolumeRequest* request,
                                     v1::ExpandVolumeResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::int64_t size,
                     memory_.Expand(Id(request->handle()),
                                    {request->required_bytes(), request->limit_bytes()}, kNever));
    response->set_size_bytes(size);
    const absl::MutexLock lock(&mutex_);
    size_distortion_(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::ExportVolume(grpc::ServerContext*, const v1::ExportVolumeRequest* request,
                                     v1::ExportVolumeResponse* response) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const Export wanted, Decode(request->wanted()));
    ASSIGN_OR_RETURN(const Volume volume, memory_.ExportTo(Id(request->handle()), wanted, kNever));
    Show(volume, *response->mutable_volume());
    return absl::OkStatus();
  });
}

grpc::Status FakeAgent::UnexportVolume(grpc::ServerContext*,
                                       const v1::UnexportVolumeRequest* request,
                                       v1::UnexportVolumeResponse*) {
  return Serve([&]() -> absl::Status {
    ASSIGN_OR_RETURN(const volume::Nqn host, volume::Nqn::Parse(request->host_nqn()));
    return memory_.Unexport(Id(request->handle()), host, kNever);
  });
}

}  // namespace nvmeof::testing
