#include "backend/make_backends.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "backend/bounded_backend.h"
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

// Of all storage only agents are several machines of which one may hang.
bool HasSeveralMachines(const BackendConfig& config) {
  const auto* const nvmet = std::get_if<NvmetConfig>(&config.storage);
  return nvmet != nullptr && nvmet->agents.size() > 1;
}

CallBounds BoundsOf(const BackendConfig& config, int callers) {
  const int all = callers / 2;
  const int about_volumes = all - all / 4;
  return {all, about_volumes, HasSeveralMachines(config) ? all / 2 : about_volumes};
}

}  // namespace

Backends MakeBackends(const BackendsConfig& config, int callers, base::Clock& clock) {
  std::vector<NamedBackend> backends;
  for (const BackendConfig& each : config.backends) {
    backends.push_back(
        {each.name, std::make_unique<BoundedBackend>(each.name, BoundsOf(each, callers),
                                                     MakeBackend(each, clock))});
  }
  return Backends(std::move(backends));
}

std::unique_ptr<Backend> MakeBackend(const BackendConfig& config, base::Clock& clock) {
  return std::visit(Maker{config.name, clock}, config.storage);
}

}  // namespace nvmeof::backend
