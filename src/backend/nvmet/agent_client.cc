#include "backend/nvmet/agent_client.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

#include "backend/nvmet/agent_status.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// Where several agents are asked, the silent ones may take this part of the time.
constexpr int kPatiencePart = 3;
constexpr absl::Duration kLongestPatience = absl::Seconds(5);
constexpr absl::Duration kLongestCall = absl::Minutes(5);
// What our caller needs to pass our answer on.
constexpr absl::Duration kReserve = absl::Milliseconds(500);
// Between a call and its channel in hearing of the same end.
constexpr absl::Duration kMoment = absl::Milliseconds(50);
// A list of some sixty thousand volumes.
constexpr int kLargestMessage = 64 << 20;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  // An agent that comes back is found within seconds; gRPC's own pause grows to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Milliseconds(absl::Milliseconds(200)));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, Milliseconds(absl::Seconds(2)));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(absl::Seconds(5)));
  // A storage node that loses its power closes no connection: without these the dead one would be
  // used for a quarter of an hour. They also set TCP_USER_TIMEOUT.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(absl::Seconds(20)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(absl::Seconds(5)));
  // Storage is not reached through the cluster's web proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

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
    channel_ = grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), Arguments());
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

bool AgentClient::ConnectionEnds() {
  return channel().WaitForStateChange(GRPC_CHANNEL_READY,
                                      absl::ToChronoTime(absl::Now() + kMoment));
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
  const absl::Duration time = std::min(left - std::min(left / 10, kReserve), kLongestCall);
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_micros(absl::ToInt64Microseconds(time), GPR_TIMESPAN)));
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
  if (volume.ok()) return volume;
  return base::Annotate(volume.status(), Describe());
}

absl::StatusOr<Capacity> AgentClient::Decode(const v1::GetAgentResponse& message) const {
  absl::StatusOr<Capacity> capacity = DecodeCapacity(message);
  if (capacity.ok()) return capacity;
  return base::Annotate(capacity.status(), Describe());
}

}  // namespace nvmeof::backend
