// Serve: the life of a server process, from listening to its end.
#pragma once

#include <vector>

#include "absl/status/status.h"

#include "server/endpoint.h"
#include "server/stop_signal.h"

namespace grpc {
class Service;
}

namespace nvmeof::server {

// Listens, serves and blocks until the stop signal. Then the process has less than a second: calls
// in flight may still answer for a part of it, the socket is removed, the caller destroys its
// objects; what hangs is left behind. Nothing is disconnected or unmounted. Errors are those of
// RpcServer::Start. Borrows everything.
[[nodiscard]] absl::Status Serve(const Endpoint& endpoint,
                                 const std::vector<grpc::Service*>& services, StopSignal& stop);

}  // namespace nvmeof::server
