// The composition roots: each builds and owns every object of its subcommand, serves until the stop
// signal, and says how it ended.
#pragma once

#include "absl/status/status.h"

#include "server/config.h"
#include "server/stop_signal.h"

namespace nvmeof {

[[nodiscard]] absl::Status Run(const server::ControllerConfig& config, server::StopSignal& stop);
[[nodiscard]] absl::Status Run(const server::NodeConfig& config, server::StopSignal& stop);
[[nodiscard]] absl::Status Run(const server::TargetConfig& config, server::StopSignal& stop);

}  // namespace nvmeof
