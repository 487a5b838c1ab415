// ToGrpc: the agent's one translation of a Status to what a caller of its protocol sees.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nvmeof::target {

// Same code, same message: the agent's own codes are those that the protocol names. An error has
// details, by which a caller tells it from one of gRPC's own, such as a lost connection.
[[nodiscard]] inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Abseil and gRPC number the canonical codes alike.
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
          "nvmeof-csi target"};
}

}  // namespace nvmeof::target
