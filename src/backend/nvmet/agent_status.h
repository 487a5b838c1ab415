// AgentStatus: the one translation of what a call to an agent came to, from gRPC's words to ours.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nvmeof::backend {

// The agent's own verdicts keep their code (proto/nvmeof/v1/target_agent.proto names them). No
// answer in time and a connection that was cut are Unavailable: the outcome is not known. What an
// agent should never say (not allowed, not implemented, unknown) is Internal.
[[nodiscard]] absl::Status AgentStatus(const grpc::Status& status);

}  // namespace nvmeof::backend
