// Channel: how the controller's connections to storage systems that speak gRPC behave.
#pragma once

#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/channel_arguments.h"

namespace nvmeof::backend {

// A storage system that comes back is found within seconds, one that goes without a word within
// half a minute.
[[nodiscard]] grpc::ChannelArguments StorageChannelArguments();

// When `left` has passed, whatever becomes of the machine's calendar clock meanwhile.
[[nodiscard]] gpr_timespec After(absl::Duration left);

// Lets a call end shortly before `left`, which is above zero, has passed, so that our own caller
// still hears who did not answer.
void SetTimeLeft(grpc::ClientContext& context, absl::Duration left);

}  // namespace nvmeof::backend
