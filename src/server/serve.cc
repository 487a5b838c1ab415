#include "server/serve.h"

#include <memory>

#include "absl/time/time.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "server/rpc_server.h"

namespace nvmeof::server {
namespace {

// The promise is a second from the signal; a loaded machine needs the rest of it.
constexpr absl::Duration kEnd = absl::Milliseconds(600);
constexpr absl::Duration kGrace = absl::Milliseconds(300);

}  // namespace

absl::Status Serve(const Endpoint& endpoint, const std::vector<grpc::Service*>& services,
                   StopSignal& stop) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> server, RpcServer::Start(endpoint, services));
  base::Log(base::Level::kInfo, "serving", {{"endpoint", endpoint.address()}});
  const std::string signal = stop.Wait();
  EndProcessWithin(kEnd);
  base::Log(base::Level::kInfo, "stopping", {{"signal", signal}});
  server->Stop(kGrace);
  return absl::OkStatus();
}

}  // namespace nvmeof::server
