#include "backend/nvmet/agent_client.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

#include "backend/grpc/channel.h"
#include "backend/nvmet/agent_status.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// Where several agents are asked, the silent ones may take this part of the time.
constexpr int kPatiencePart = 3;
constexpr absl::Duration kLongestPatience = absl::Seconds(5);
constexpr absl::Duration kEndIsKnownWithin = absl::Milliseconds(200);

}  // namespace

void WatchIdleConnections() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet
  ::setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "500", /*overwrite=*/0);
}

std::string AgentClient::Describe() const {
  return absl::StrCat("agent ", where_.place, " (", address_, ")");
}

grpc::Channel& AgentClient::channel() {
  std::call_once(made_, [this] {
    channel_ = grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(),
                                         StorageChannelArguments());
    stub_ = v1::TargetAgent::NewStub(channel_);
  });
  return *channel_;
}

v1::TargetAgent::Stub& AgentClient::stub() {
  channel();
  return *stub_;
}

bool AgentClient::Connected() {
  return channel().GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

void AgentClient::AwaitEndOfConnection() {
  // Where another call has a new connection already there is no end to wait for.
  channel().WaitForStateChange(GRPC_CHANNEL_READY, After(kEndIsKnownWithin));
}

absl::Time AgentClient::PatienceUntil(absl::Time deadline) const {
  const absl::Time now = clock_.Now();
  return now + std::min((deadline - now) / kPatiencePart, kLongestPatience);
}

absl::Status AgentClient::SetDeadline(grpc::ClientContext& context, absl::Time deadline) const {
  const absl::Duration left = deadline - clock_.Now();
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError(absl::StrCat(Describe(), ": no time left to ask it"));
  }
  SetTimeLeft(context, left);
  return absl::OkStatus();
}

absl::Status AgentClient::Conclude(const grpc::Status& status) {
  absl::Status ours = base::Annotate(AgentStatus(status), Describe());
  const bool silent = absl::IsUnavailable(ours);
  if (silent_.exchange(silent) != silent) {
    base::Log(silent ? base::Level::kWarning : base::Level::kInfo,
              silent ? "agent fell silent" : "agent answers again",
              {{"backend", where_.backend},
               {"agent", where_.place},
               {"address", address_},
               {"status", ours.ToString()}});
  }
  return ours;
}

absl::StatusOr<Volume> AgentClient::Decode(const v1::Volume& message) const {
  absl::StatusOr<Volume> volume = DecodeVolume(message, where_);
  if (!volume.ok()) return base::Annotate(volume.status(), Describe());
  volume->reachable_from = reachable_from_;
  return volume;
}

absl::StatusOr<Capacity> AgentClient::Decode(const v1::GetAgentResponse& message) const {
  absl::StatusOr<Capacity> capacity = DecodeCapacity(message);
  if (capacity.ok()) return capacity;
  return base::Annotate(capacity.status(), Describe());
}

}  // namespace nvmeof::backend
