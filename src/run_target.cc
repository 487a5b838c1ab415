#include <iterator>
#include <memory>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/kernel_module.h"
#include "base/status_macros.h"
#include "run.h"
#include "server/serve.h"
#include "target/agent.h"
#include "target/configfs.h"

namespace nvmeof {
absl::Status Run(const server::TargetConfig& config, server::StopSignal& stop) {
  const base::MonotonicClock clock;
  base::PosixCommandRunner commands(clock);
  base::LoadMissingModule(target::KernelConfigfs().CheckPresent(), "nvmet-tcp", commands,
                          clock.Now() + base::kModulePatience);
  target::AgentOptions options;
  options.version = NVMEOF_VERSION;
  options.pool = config.pool;
  options.state_directory = config.state_dir;
  options.portals = {config.portals, config.non_optimized_portals};
  absl::c_copy(config.non_optimized_portals, std::back_inserter(options.portals.all));
  options.drained = config.drained;
  options.provisioning = config.provisioning;
  options.reserve_percent = config.reserve_percent;
  ASSIGN_OR_RETURN(const std::unique_ptr<target::Agent> agent,
                   target::Agent::Start(options, commands, clock));
  return server::Serve(
      {.endpoint = config.listen, .services = {&agent->service()}, .health = config.health}, stop);
}

}  // namespace nvmeof
