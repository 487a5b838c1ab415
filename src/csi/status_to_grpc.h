// StatusToGrpc: the one place where our statuses become gRPC's.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nvmeof::csi {

// Same code, same message; a message too long for the trailer that carries it is cut. Details stay
// empty, as the CSI specification demands. Pure.
[[nodiscard]] grpc::Status StatusToGrpc(const absl::Status& status);

}  // namespace nvmeof::csi
