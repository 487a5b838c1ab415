// RpcServer: a gRPC server that cannot be made to grow without bound.
//
// It serves whatever services it is given and knows none of them. Calls run on threads of their own
// (ADR 0002), so a stuck one does not hold up another; their number and the size of messages are
// bounded.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/endpoint.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace nvmeof::server {

// One thread at a time. Borrows the services.
class RpcServer {
 public:
  // Listens and serves; a Unix socket is then open to its owner and group only. Errors are those of
  // MakeRoom; Unavailable when the address cannot be listened on.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const Endpoint& endpoint, const std::vector<grpc::Service*>& services);

  // Stops at once.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Takes no new calls, cancels those that still run after `grace`, removes the socket. Blocks
  // until the last call has returned: as long as the kernel holds it.
  void Stop(absl::Duration grace);

 private:
  explicit RpcServer(std::unique_ptr<grpc::Server> server);

  std::unique_ptr<grpc::Server> server_;
};

}  // namespace nvmeof::server
