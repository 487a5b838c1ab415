#include "backend/grpc/channel.h"

#include <algorithm>

#include "grpc/grpc.h"

namespace nvmeof::backend {
namespace {

constexpr absl::Duration kLongestCall = absl::Minutes(5);
// What our caller needs to pass our answer on.
constexpr absl::Duration kReserve = absl::Milliseconds(500);
// A list of some sixty thousand volumes.
constexpr int kLargestMessage = 64 << 20;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

grpc::ChannelArguments StorageChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  // Whoever comes back is found within seconds; gRPC's own pause grows to two minutes.
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

gpr_timespec After(absl::Duration left) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(absl::ToInt64Microseconds(left), GPR_TIMESPAN));
}

void SetTimeLeft(grpc::ClientContext& context, absl::Duration left) {
  context.set_deadline(After(std::min(left - std::min(left / 10, kReserve), kLongestCall)));
}

}  // namespace nvmeof::backend
