// ToGrpc: the agent's one translation of a Status to what a caller of its protocol sees.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nvmeof::target {

// Same code, same message: the agent's own codes are those that the protocol names.
[[nodiscard]] inline grpc::Status ToGrpc(const absl::Status& status) {
  // Abseil and gRPC number the canonical codes alike.
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

}  // namespace nvmeof::target
