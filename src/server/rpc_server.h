// RpcServer: a gRPC server that cannot be made to grow without bound.
//
// It serves whatever services it is given and knows none of them. Calls run on threads of their own
// (ADR 0002), so a stuck one does not hold up another; their number and the size of messages are
// bounded.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/endpoint.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace nvmeof::server {

// One thread at a time, but for Reachable. Borrows the services.
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

  // False when the socket's file was removed, or another one stands in its place: new clients do
  // not find this server, and never will again. Always true for TCP. Any thread; does not block.
  bool Reachable() const;

 private:
  // Which file a path leads to. The number of a bound socket's file is not used again before the
  // server is gone.
  struct File {
    dev_t device = 0;
    ino_t number = 0;
  };
  static std::optional<File> FileAt(const std::string& path);

  RpcServer(std::unique_ptr<grpc::Server> server, std::string socket_path);

  const std::unique_ptr<grpc::Server> server_;
  const std::string socket_path_;  // empty for TCP
  const std::optional<File> file_;
};

}  // namespace nvmeof::server
