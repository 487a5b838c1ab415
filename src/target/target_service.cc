#include "target/target_service.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "target/grpc_status.h"
#include "target/volume_codec.h"

namespace nvmeof::target {
namespace {

// For callers that set no deadline.
constexpr absl::Duration kLongestCall = absl::Minutes(2);

// A record must stay one that can be read back (VolumeStore).
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kLongestText = std::size_t{16} << 10;

absl::Status CheckText(const std::string& what, std::size_t size) {
  if (size <= kLongestText) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " has ", size, " bytes, at most ", kLongestText, " are allowed"));
}

absl::StatusOr<CreateRequest> Check(const v1::CreateVolumeRequest& request) {
  if (request.name().empty() || request.name().size() > kLongestName) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name must have between 1 and ", kLongestName, " bytes"));
  }
  RETURN_IF_ERROR(CheckText("fingerprint", request.fingerprint().size()));
  std::size_t context_size = 0;
  for (const auto& [key, value] : request.context()) context_size += key.size() + value.size();
  RETURN_IF_ERROR(CheckText("context", context_size));
  ASSIGN_OR_RETURN(const volume::Provisioning provisioning, FromWire(request.provisioning()));
  return CreateRequest{.name = request.name(),
                       .size = {request.required_bytes(), request.limit_bytes()},
                       .provisioning = provisioning,
                       .fingerprint = request.fingerprint(),
                       .context = {request.context().begin(), request.context().end()}};
}

absl::StatusOr<VolumeRecord> Look(const VolumeStore& store, const v1::GetVolumeRequest& request) {
  std::optional<VolumeRecord> record;
  switch (request.key_case()) {
    case v1::GetVolumeRequest::kHandle:
      record = store.Find(request.handle());
      break;
    case v1::GetVolumeRequest::kName:
      record = store.FindByName(request.name());
      break;
    case v1::GetVolumeRequest::KEY_NOT_SET:
      return absl::InvalidArgumentError("neither handle nor name");
  }
  if (record.has_value() && record->state == VolumeRecord::State::kReady) return *record;
  return absl::NotFoundError("there is no such volume");
}

}  // namespace

grpc::Status TargetService::GetAgent(grpc::ServerContext* context, const v1::GetAgentRequest*,
                                     v1::GetAgentResponse* response) {
  auto body = [this]() -> absl::StatusOr<v1::GetAgentResponse> {
    ASSIGN_OR_RETURN(const Capacity capacity, parts_.provisioner.GetCapacity());
    v1::GetAgentResponse answer;
    answer.set_version(parts_.version);
    answer.set_default_provisioning(target::ToWire(parts_.provisioner.usual()));
    answer.set_available_bytes(capacity.available_bytes);
    answer.set_maximum_volume_bytes(capacity.maximum_volume_bytes);
    answer.set_minimum_volume_bytes(capacity.minimum_volume_bytes);
    answer.set_granularity_bytes(capacity.granularity_bytes);
    for (const volume::Portal& portal : parts_.exporter.portals()) {
      *answer.add_portals() = target::ToWire(portal);
    }
    return answer;
  };
  return Run<v1::GetAgentResponse>({"GetAgent", "", base::Level::kDebug}, *context, body, response);
}

grpc::Status TargetService::CreateVolume(grpc::ServerContext* context,
                                         const v1::CreateVolumeRequest* request,
                                         v1::CreateVolumeResponse* response) {
  auto body = [this, asked = *request]() -> absl::StatusOr<v1::CreateVolumeResponse> {
    ASSIGN_OR_RETURN(const CreateRequest wanted, Check(asked));
    ASSIGN_OR_RETURN(const VolumeRecord record, parts_.provisioner.Create(wanted));
    v1::CreateVolumeResponse answer;
    *answer.mutable_volume() = ToWire(record);
    return answer;
  };
  return Run<v1::CreateVolumeResponse>({"CreateVolume", request->name()}, *context, body, response);
}

grpc::Status TargetService::GetVolume(grpc::ServerContext* context,
                                      const v1::GetVolumeRequest* request,
                                      v1::GetVolumeResponse* response) {
  const absl::Time start = parts_.clock.Now();
  const Rpc rpc = {"GetVolume", absl::StrCat(request->handle(), request->name()),
                   base::Level::kDebug};
  if (request->has_handle() && !parts_.store.Find(request->handle()).has_value()) {
    auto body = [this, handle = request->handle()]() -> absl::StatusOr<v1::GetVolumeResponse> {
      return parts_.exporter.lost().Explain(handle);
    };
    return Run<v1::GetVolumeResponse>(rpc, *context, body, response);
  }
  const absl::StatusOr<VolumeRecord> record = Look(parts_.store, *request);
  if (record.ok()) *response->mutable_volume() = ToWire(*record);
  return Finish(rpc, start, record.status());
}

grpc::Status TargetService::ListVolumes(grpc::ServerContext*, const v1::ListVolumesRequest*,
                                        v1::ListVolumesResponse* response) {
  const absl::Time start = parts_.clock.Now();
  for (const VolumeRecord& record : parts_.store.All()) {
    if (record.state == VolumeRecord::State::kReady) *response->add_volumes() = ToWire(record);
  }
  return Finish({"ListVolumes", "", base::Level::kDebug}, start, absl::OkStatus());
}

grpc::Status TargetService::DeleteVolume(grpc::ServerContext* context,
                                         const v1::DeleteVolumeRequest* request,
                                         v1::DeleteVolumeResponse* response) {
  auto body = [this, handle = request->handle()]() -> absl::StatusOr<v1::DeleteVolumeResponse> {
    RETURN_IF_ERROR(parts_.provisioner.Delete(handle));
    return v1::DeleteVolumeResponse();
  };
  return Run<v1::DeleteVolumeResponse>({"DeleteVolume", request->handle()}, *context, body,
                                       response);
}

grpc::Status TargetService::ExpandVolume(grpc::ServerContext* context,
                                         const v1::ExpandVolumeRequest* request,
                                         v1::ExpandVolumeResponse* response) {
  auto body = [this, asked = *request]() -> absl::StatusOr<v1::ExpandVolumeResponse> {
    ASSIGN_OR_RETURN(
        const std::int64_t bytes,
        parts_.provisioner.Expand(asked.handle(), {asked.required_bytes(), asked.limit_bytes()}));
    v1::ExpandVolumeResponse answer;
    answer.set_size_bytes(bytes);
    return answer;
  };
  return Run<v1::ExpandVolumeResponse>({"ExpandVolume", request->handle()}, *context, body,
                                       response);
}

grpc::Status TargetService::ExportVolume(grpc::ServerContext* context,
                                         const v1::ExportVolumeRequest* request,
                                         v1::ExportVolumeResponse* response) {
  auto body = [this, asked = *request]() -> absl::StatusOr<v1::ExportVolumeResponse> {
    RETURN_IF_ERROR(CheckText("fingerprint", asked.wanted().fingerprint().size()));
    ASSIGN_OR_RETURN(const Export wanted, FromWire(asked.wanted()));
    ASSIGN_OR_RETURN(const VolumeRecord record, parts_.exporter.Export(asked.handle(), wanted));
    v1::ExportVolumeResponse answer;
    *answer.mutable_volume() = ToWire(record);
    return answer;
  };
  return Run<v1::ExportVolumeResponse>({"ExportVolume", request->handle()}, *context, body,
                                       response);
}

grpc::Status TargetService::UnexportVolume(grpc::ServerContext* context,
                                           const v1::UnexportVolumeRequest* request,
                                           v1::UnexportVolumeResponse* response) {
  auto body = [this, asked = *request]() -> absl::StatusOr<v1::UnexportVolumeResponse> {
    ASSIGN_OR_RETURN(const volume::Nqn host, ParseHost(asked.host_nqn()));
    RETURN_IF_ERROR(parts_.exporter.Unexport(asked.handle(), host));
    return v1::UnexportVolumeResponse();
  };
  return RunOn<v1::UnexportVolumeResponse>(parts_.fences, {"UnexportVolume", request->handle()},
                                           *context, body, response);
}

template <typename Response>
grpc::Status TargetService::RunOn(base::Workers& workers, const Rpc& rpc,
                                  const grpc::ServerContext& context,
                                  absl::AnyInvocable<absl::StatusOr<Response>()> body,
                                  Response* response) {
  const absl::Time start = parts_.clock.Now();
  // Shared: whichever of the two leaves first leaves it to the other.
  const auto result = std::make_shared<std::optional<absl::StatusOr<Response>>>();
  absl::Status status =
      workers.RunUntil(Deadline(context), [result, body = std::move(body)]() mutable {
        result->emplace(body());
        return (*result)->status();
      });
  if (absl::IsResourceExhausted(status) && !result->has_value()) {
    // No worker: not to be taken for a full pool.
    status = absl::UnavailableError(status.message());
  }
  if (status.ok()) *response = **std::move(*result);
  return Finish(rpc, start, status);
}

grpc::Status TargetService::Finish(const Rpc& rpc, absl::Time start,
                                   const absl::Status& status) const {
  std::vector<base::LogField> fields = {
      {"rpc", rpc.name},
      {"code", absl::StatusCodeToString(status.code())},
      {"ms", absl::ToInt64Milliseconds(parts_.clock.Now() - start)}};
  if (!rpc.volume.empty()) fields.push_back({"volume", rpc.volume});
  if (!status.ok()) fields.push_back({"error", std::string(status.message())});
  base::Log(rpc.level, "call", fields);
  return ToGrpc(status);
}

absl::Time TargetService::Deadline(const grpc::ServerContext& context) const {
  // Both by the wall's clock as it is now: absl::Now may lag behind a step of it.
  const absl::Duration left =
      absl::FromChrono(context.deadline() - std::chrono::system_clock::now());
  return parts_.clock.Now() + std::min(left, kLongestCall);
}

v1::Volume TargetService::ToWire(const VolumeRecord& record) const {
  return target::ToWire(record, parts_.exporter.portals());
}

}  // namespace nvmeof::target
