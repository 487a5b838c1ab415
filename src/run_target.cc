#include <memory>

#include "base/clock.h"
#include "base/status_macros.h"
#include "run.h"
#include "server/serve.h"
#include "target/agent.h"

namespace nvmeof {

absl::Status Run(const server::TargetConfig& config, server::StopSignal& stop) {
  const base::MonotonicClock clock;
  target::AgentOptions options;
  options.version = NVMEOF_VERSION;
  options.pool_directory = config.pool_dir;
  options.portals = config.portals;
  options.provisioning = config.provisioning;
  options.reserve_percent = config.reserve_percent;
  ASSIGN_OR_RETURN(const std::unique_ptr<target::Agent> agent,
                   target::Agent::Start(options, clock));
  return server::Serve(
      {.endpoint = config.listen, .services = {&agent->service()}, .health = config.health}, stop);
}

}  // namespace nvmeof
