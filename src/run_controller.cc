#include <optional>

#include "absl/time/time.h"

#include "backend/backends_file.h"
#include "backend/make_backends.h"
#include "backend/nvmet/agent_client.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "base/watched_status.h"
#include "base/workers.h"
#include "csi/controller_service.h"
#include "csi/health.h"
#include "csi/identity_service.h"
#include "csi/rpc.h"
#include "run.h"
#include "server/serve.h"

namespace nvmeof {
namespace {

// Calls that wait for storage systems at one time, for one of them half as many; more than the
// sidecars make, fewer than the server has threads.
constexpr int kStorageWorkers = 48;

// Between two looks at storage for the page that says whether this controller is ready.
constexpr absl::Duration kStoragePause = absl::Seconds(10);

}  // namespace

absl::Status Run(const server::ControllerConfig& config, server::StopSignal& stop) {
  ASSIGN_OR_RETURN(const backend::BackendsConfig file,
                   backend::ReadBackendsFile(config.backends_file));
  backend::WatchIdleConnections();
  base::MonotonicClock clock;
  const backend::Backends backends = backend::MakeBackends(file, kStorageWorkers, clock);
  base::Workers workers(clock, kStorageWorkers);

  csi::RpcEdge edge(clock, workers, {.log_requests = config.log.level == base::Level::kDebug});
  csi::ControllerService controller(edge, backends);
  csi::IdentityService identity(
      edge, {config.driver_name, NVMEOF_VERSION, /*has_controller=*/true, controller.HasPlaces()},
      [&] { return csi::CheckBackends(backends, clock); });
  absl::Status served;
  {
    std::optional<base::WatchedStatus> storage;
    if (config.health.exists()) {
      storage.emplace(kStoragePause, [&] { return csi::CheckBackends(backends, clock); });
    }
    served = server::Serve({.endpoint = config.endpoint,
                            .services = {&identity, &controller},
                            .health = config.health,
                            .ready = [&storage] { return storage->Latest(); }},
                           stop);
  }
  workers.Finish();  // steps that outlived their calls use what is destroyed now
  return served;
}

}  // namespace nvmeof
