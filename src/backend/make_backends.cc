#include "backend/make_backends.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "backend/ceph/ceph_backend.h"
#include "backend/http/http_client.h"
#include "backend/nvmet/nvmet_backend.h"
#include "backend/routeros/routeros_backend.h"
#include "backend/spdk/http_rpc_transport.h"
#include "backend/spdk/rpc_transport.h"
#include "backend/spdk/spdk_backend.h"

namespace nvmeof::backend {
namespace {

// One call operator for each type of storage.
struct Maker {
  const std::string& name;
  base::Clock& clock;

  std::unique_ptr<Backend> operator()(const NvmetConfig& config) const {
    return std::make_unique<NvmetBackend>(name, config, clock);
  }
  std::unique_ptr<Backend> operator()(const SpdkConfig& config) const {
    return std::make_unique<SpdkBackend>(name, config, TransportTo(config), clock);
  }
  std::unique_ptr<Backend> operator()(const CephConfig& config) const {
    return std::make_unique<CephBackend>(name, config, clock);
  }
  std::unique_ptr<Backend> operator()(const RouterosConfig& config) const {
    return std::make_unique<RouterosBackend>(
        name, config, std::make_unique<HttpClient>(config.router, clock), clock);
  }

  std::unique_ptr<RpcTransport> TransportTo(const SpdkConfig& config) const {
    if (!config.proxy.has_value()) return std::make_unique<UnixRpcTransport>(config.socket, clock);
    return std::make_unique<HttpRpcTransport>(std::make_unique<HttpClient>(*config.proxy, clock));
  }
};

}  // namespace

Backends MakeBackends(const BackendsConfig& config, base::Clock& clock) {
  std::vector<NamedBackend> backends;
  for (const BackendConfig& each : config.backends) {
    backends.push_back({each.name, std::visit(Maker{each.name, clock}, each.storage)});
  }
  return Backends(std::move(backends));
}

}  // namespace nvmeof::backend
