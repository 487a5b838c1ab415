#include "backend/nvmet/nvmet_backend.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/nvmet/agent_client.h"
#include "backend/nvmet/agent_messages.h"
#include "backend/nvmet/creation.h"
#include "backend/nvmet/failures.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

using Stub = v1::TargetAgent::Stub;

absl::StatusOr<std::vector<Volume>> DecodeAll(const AgentClient& agent,
                                              const v1::ListVolumesResponse& response) {
  std::vector<Volume> volumes;
  for (const v1::Volume& each : response.volumes()) {
    ASSIGN_OR_RETURN(Volume volume, agent.Decode(each));
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

// An answer about a volume must be about the one that was asked for.
absl::StatusOr<Volume> DecodeSame(const AgentClient& agent, const v1::Volume& message,
                                  const volume::VolumeId& id) {
  ASSIGN_OR_RETURN(Volume volume, agent.Decode(message));
  if (volume.id == id) return volume;
  return absl::InternalError(absl::StrCat(agent.Describe(), ": asked for volume ", id.handle,
                                          " it shows volume ", volume.id.handle));
}

std::int64_t SaturatedSum(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

Capacity Together(const Capacity& a, const Capacity& b) {
  return {.available_bytes = SaturatedSum(a.available_bytes, b.available_bytes),
          .maximum_volume_bytes = std::max(a.maximum_volume_bytes, b.maximum_volume_bytes),
          .minimum_volume_bytes = std::min(a.minimum_volume_bytes, b.minimum_volume_bytes)};
}

}  // namespace

NvmetBackend::NvmetBackend(const std::string& name, const NvmetConfig& config,
                           const base::Clock& clock)
    : name_(name), clock_(clock) {
  for (const AgentConfig& agent : config.agents) {
    agents_.push_back(std::make_unique<AgentClient>(name, agent, clock));
  }
}

NvmetBackend::~NvmetBackend() = default;

Abilities NvmetBackend::abilities() const {
  Abilities abilities;
  abilities.places =
      absl::c_any_of(agents_, [](const auto& agent) { return !agent->reachable_from().empty(); });
  return abilities;
}

absl::StatusOr<Volume> NvmetBackend::Create(const CreateRequest& request, absl::Time deadline) {
  // Two at once could each find the name free and choose another agent.
  const std::optional<base::Claim> claim = creates_.TryTake(request.name);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("volume ", request.name, " is being created"));
  }
  Creation creation(request, clock_, deadline);
  absl::StatusOr<Volume> volume = creation.Run(AllAgents());
  if (volume.ok()) creation.failures().Log(name_);
  return volume;
}

absl::StatusOr<Volume> NvmetBackend::FindByName(const std::string& name, absl::Time deadline) {
  std::optional<Volume> found;
  Failures failures;
  for (const auto& [agent, response] :
       AskAll(AllAgents(), &Stub::PrepareAsyncGetVolume, ByName(name), deadline)) {
    absl::StatusOr<Volume> volume =
        response.ok() ? agent->Decode(response->volume()) : response.status();
    if (absl::IsNotFound(volume.status())) continue;
    if (!volume.ok()) {
      failures.Add(volume.status());
    } else if (!found.has_value() || volume->id < found->id) {
      found = *std::move(volume);
    }
  }
  if (found.has_value()) return *std::move(found);
  if (!failures.empty()) return failures.Verdict();
  return absl::NotFoundError(absl::StrCat("there is no volume of the name ", name));
}

absl::StatusOr<Volume> NvmetBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(AgentClient* const agent, AgentOf(id));
  ASSIGN_OR_RETURN(const v1::GetVolumeResponse response,
                   Ask(*agent, &Stub::PrepareAsyncGetVolume, ByHandle(id.handle), deadline));
  return DecodeSame(*agent, response.volume(), id);
}

absl::StatusOr<VolumeList> NvmetBackend::List(absl::Time deadline) {
  VolumeList list;
  Failures failures;
  for (const auto& [agent, response] :
       AskAll(AllAgents(), &Stub::PrepareAsyncListVolumes, v1::ListVolumesRequest(), deadline)) {
    absl::StatusOr<std::vector<Volume>> volumes =
        response.ok() ? DecodeAll(*agent, *response) : response.status();
    if (volumes.ok()) {
      std::move(volumes->begin(), volumes->end(), std::back_inserter(list.volumes));
    } else {
      list.unreachable.push_back(agent->where().place);
      failures.Add(volumes.status());
    }
  }
  if (list.unreachable.size() == agents_.size()) return failures.Verdict();
  failures.Log(name_);
  std::sort(list.volumes.begin(), list.volumes.end(),
            [](const Volume& a, const Volume& b) { return a.id < b.id; });
  return list;
}

absl::Status NvmetBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(AgentClient* const agent, AgentToEmpty(id));
  v1::DeleteVolumeRequest request;
  request.set_handle(id.handle);
  return Ask(*agent, &Stub::PrepareAsyncDeleteVolume, request, deadline).status();
}

absl::StatusOr<std::int64_t> NvmetBackend::Expand(const volume::VolumeId& id,
                                                  const volume::SizeRange& size,
                                                  absl::Time deadline) {
  ASSIGN_OR_RETURN(AgentClient* const agent, AgentOf(id));
  v1::ExpandVolumeRequest request;
  request.set_handle(id.handle);
  request.set_required_bytes(size.required_bytes);
  request.set_limit_bytes(size.limit_bytes);
  ASSIGN_OR_RETURN(const v1::ExpandVolumeResponse response,
                   Ask(*agent, &Stub::PrepareAsyncExpandVolume, request, deadline));
  if (volume::Fits(response.size_bytes(), size)) return response.size_bytes();
  return absl::InternalError(absl::StrCat(agent->Describe(), ": asked for at least ",
                                          size.required_bytes, " bytes it made ",
                                          response.size_bytes()));
}

absl::StatusOr<Volume> NvmetBackend::ExportTo(const volume::VolumeId& id, const Export& wanted,
                                              absl::Time deadline) {
  ASSIGN_OR_RETURN(AgentClient* const agent, AgentOf(id));
  ASSIGN_OR_RETURN(
      const v1::ExportVolumeResponse response,
      Ask(*agent, &Stub::PrepareAsyncExportVolume, EncodeExport(id.handle, wanted), deadline));
  return DecodeSame(*agent, response.volume(), id);
}

absl::Status NvmetBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                    absl::Time deadline) {
  ASSIGN_OR_RETURN(AgentClient* const agent, AgentToEmpty(id));
  v1::UnexportVolumeRequest request;
  request.set_handle(id.handle);
  request.set_host_nqn(host.text());
  return Ask(*agent, &Stub::PrepareAsyncUnexportVolume, request, deadline).status();
}

absl::StatusOr<Capacity> NvmetBackend::GetCapacity(const CapacityRequest& request,
                                                   absl::Time deadline) {
  std::vector<AgentClient*> agents = AllAgents();
  if (!request.from.empty()) {
    std::erase_if(agents, [&](const AgentClient* agent) {
      return !volume::Reaches(request.from, agent->reachable_from());
    });
    if (agents.empty()) return Capacity{};
  }
  std::optional<Capacity> total;
  Failures failures;
  for (const auto& [agent, response] :
       AskAll(agents, &Stub::PrepareAsyncGetAgent, v1::GetAgentRequest(), deadline)) {
    const absl::StatusOr<Capacity> capacity =
        response.ok() ? agent->Decode(*response) : response.status();
    if (capacity.ok()) {
      total = total.has_value() ? Together(*total, *capacity) : *capacity;
    } else {
      failures.Add(capacity.status());
    }
  }
  if (!total.has_value()) return failures.Verdict();
  failures.Log(name_);
  return *total;
}

std::vector<AgentClient*> NvmetBackend::AllAgents() const {
  std::vector<AgentClient*> agents;
  for (const auto& agent : agents_) agents.push_back(agent.get());
  return agents;
}

absl::StatusOr<AgentClient*> NvmetBackend::AgentOf(const volume::VolumeId& id) const {
  for (const auto& agent : agents_) {
    if (agent->where() == Whereabouts{id.backend, id.place}) return agent.get();
  }
  return absl::NotFoundError(absl::StrCat("no agent '", id.place, "' is configured, where volume ",
                                          volume::FormatVolumeId(id), " would live"));
}

absl::StatusOr<AgentClient*> NvmetBackend::AgentToEmpty(const volume::VolumeId& id) const {
  absl::StatusOr<AgentClient*> agent = AgentOf(id);
  if (!absl::IsNotFound(agent.status())) return agent;
  return absl::UnavailableError(agent.status().message());
}

}  // namespace nvmeof::backend
