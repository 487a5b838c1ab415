#include "backend/nvmet/creation.h"

#include <algorithm>
#include <tuple>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/nvmet/agent_client.h"
#include "backend/nvmet/agent_messages.h"
#include "base/status_macros.h"
#include "volume/accessibility.h"

namespace nvmeof::backend {
namespace {

using Stub = v1::TargetAgent::Stub;

// What is kept of the time for LookAgain.
constexpr int kLookAgainPart = 4;
constexpr absl::Duration kLongestLookAgain = absl::Seconds(2);

// The agent has done nothing, and another one may do it.
bool IsRefusal(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsOutOfRange(status) ||
         absl::IsInvalidArgument(status);
}

bool IsWhatWasAsked(const Volume& volume, const CreateRequest& request) {
  return volume.fingerprint == request.fingerprint &&
         volume::Fits(volume.size_bytes, request.size) && volume.exports.empty();
}

absl::Status Taken(const AgentClient& agent, const std::string& name) {
  return absl::AlreadyExistsError(
      absl::StrCat(agent.Describe(), ": it has a volume of the name ", name));
}

}  // namespace

absl::StatusOr<Volume> Creation::Run(const std::vector<AgentClient*>& agents) {
  ASSIGN_OR_RETURN(std::vector<AgentClient*> without, WithoutTheName(agents));
  const auto is_out_of_reach = [this](const AgentClient* agent) {
    return !volume::IsAccessible(agent->reachable_from(), request_.accessibility);
  };
  if (absl::c_all_of(agents, is_out_of_reach)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no agent is reached from nodes with ",
                     volume::DescribeAlternatives(request_.accessibility.requisite)));
  }
  std::erase_if(without, is_out_of_reach);
  for (const Candidate& candidate : InOrder(without)) {
    absl::StatusOr<Volume> volume = CreateAt(*candidate.agent);
    if (!IsRefusal(volume.status())) return volume;
    failures_.Add(volume.status());
  }
  return failures_.Verdict();
}

absl::StatusOr<std::vector<AgentClient*>> Creation::WithoutTheName(
    const std::vector<AgentClient*>& agents) {
  std::vector<AgentClient*> without;
  for (const auto& [agent, response] :
       AskAll(agents, &Stub::PrepareAsyncGetVolume, ByName(request_.name), deadline_)) {
    if (response.ok()) return Taken(*agent, request_.name);
    if (absl::IsNotFound(response.status())) {
      without.push_back(agent);
    } else if (absl::IsUnavailable(response.status())) {
      failures_.Add(response.status());
    } else {
      // It is there, but does not say whether it has the volume.
      return response.status();
    }
  }
  return without;
}

std::vector<Creation::Candidate> Creation::InOrder(const std::vector<AgentClient*>& agents) {
  std::vector<Candidate> candidates;
  for (const auto& [agent, response] :
       AskAll(agents, &Stub::PrepareAsyncGetAgent, v1::GetAgentRequest(), deadline_)) {
    const absl::StatusOr<Capacity> capacity =
        response.ok() ? agent->Decode(*response) : response.status();
    if (capacity.ok()) {
      candidates.push_back({agent, *capacity});
    } else {
      failures_.Add(capacity.status());
    }
  }
  // Those that are too small come last and give their own reason.
  std::stable_sort(
      candidates.begin(), candidates.end(), [this](const Candidate& a, const Candidate& b) {
        const auto rank = [this](const Candidate& candidate) {
          const Capacity& capacity = candidate.capacity;
          return std::tuple(
              capacity.maximum_volume_bytes < request_.size.required_bytes,
              volume::PreferenceOf(candidate.agent->reachable_from(), request_.accessibility),
              -capacity.available_bytes);
        };
        return rank(a) < rank(b);
      });
  return candidates;
}

absl::StatusOr<Volume> Creation::CreateAt(AgentClient& agent) const {
  const absl::Duration left = deadline_ - clock_.Now();
  const absl::Time until = deadline_ - std::min(left / kLookAgainPart, kLongestLookAgain);
  const auto response = Ask(agent, &Stub::PrepareAsyncCreateVolume, EncodeCreate(request_), until);
  if (absl::IsUnavailable(response.status())) return LookAgain(agent, response.status());
  RETURN_IF_ERROR(response.status());
  return agent.Decode(response->volume());
}

absl::StatusOr<Volume> Creation::LookAgain(AgentClient& agent, const absl::Status& lost) const {
  const auto response = Ask(agent, &Stub::PrepareAsyncGetVolume, ByName(request_.name), deadline_);
  // Not there may mean not there yet: only a later call can go elsewhere.
  if (!response.ok()) return lost;
  ASSIGN_OR_RETURN(Volume volume, agent.Decode(response->volume()));
  if (!IsWhatWasAsked(volume, request_)) return Taken(agent, request_.name);
  return volume;
}

}  // namespace nvmeof::backend
