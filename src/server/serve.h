// Serve: the life of a server process, from listening to its end.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "server/endpoint.h"
#include "server/health.h"
#include "server/stop_signal.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace nvmeof::server {

// What is served, and where. Services are borrowed.
struct Served {
  Endpoint endpoint;
  std::vector<grpc::Service*> services;

  // Pages for probes (server/health); no place: none. `ready` says what else must be so than what
  // Serve knows: that the endpoint leads here, and that the kubelet has registered the driver.
  Endpoint health = {};
  HealthCheck ready = [] { return absl::OkStatus(); };

  // Where the kubelet is offered the driver behind `endpoint` (server/kubelet_registration); no
  // place: it is not. The last folder of `endpoint` is then made.
  Endpoint registration = {};
  std::string driver_name = {};
};

// Listens, serves and blocks until the stop signal. Then the process has less than a second: the
// driver is taken from the kubelet, calls in flight may still answer for a part of it, the sockets
// are removed, the caller destroys its objects; what hangs is left behind. Nothing is disconnected
// or unmounted. Errors are those of RpcServer::Start, HttpServer::Start and MakePluginFolder.
[[nodiscard]] absl::Status Serve(const Served& served, StopSignal& stop);

}  // namespace nvmeof::server
