// Config: what the command line and the environment ask the program to do.
//
// Every flag has an environment twin, NVMEOF_ and the flag in upper case with underscores; the flag
// wins. --endpoint is also read from CSI_ENDPOINT, as the CSI specification asks. What storage
// there is stands in the backends file, which is not read here.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

#include "base/log.h"
#include "server/endpoint.h"
#include "volume/accessibility.h"
#include "volume/parameters.h"
#include "volume/path.h"
#include "volume/pool_place.h"

namespace nvmeof::server {

struct LogConfig {
  base::Level level = base::Level::kInfo;
  base::LogFormat format = base::LogFormat::kText;
};

struct ControllerConfig {
  LogConfig log;
  Endpoint endpoint;
  Endpoint health;  // no place: not served; the same for the others
  std::string driver_name;
  std::string backends_file;
};

struct NodeConfig {
  LogConfig log;
  Endpoint endpoint;
  Endpoint health;
  std::string kubelet_dir;  // empty: no kubelet is told of us
  Endpoint registration;    // in it
  std::string driver_name;
  std::string state_dir;
  std::string hostnqn_file;
  std::string hostid_file;
  int max_volumes = 0;  // 0 = no limit
  int reconcile_seconds = 10;
  bool has_controller = true;
  volume::Segments segments;
};

struct TargetConfig {
  LogConfig log;
  Endpoint listen;
  Endpoint health;
  bool insecure_listen = false;  // other machines may reach it
  volume::PoolPlace pool;
  std::string state_dir;                              // of an LVM pool
  std::vector<volume::Portal> portals;                // at least one
  std::vector<volume::Portal> non_optimized_portals;  // others
  volume::Provisioning provisioning = volume::Provisioning::kThin;
  int reserve_percent = 5;
  bool drained = false;  // no new volumes
};

// What to print instead of running: help and version (exit code 0, for standard output) or one line
// for each problem (exit code 2, for standard error), each naming the flag, the value and what is
// allowed.
struct Answer {
  std::string text;
  int exit_code = 0;
};

using Config = std::variant<Answer, ControllerConfig, NodeConfig, TargetConfig>;

// `arguments` without the program's name. Reads the environment and nothing else; call it before
// other threads exist.
[[nodiscard]] Config ParseConfig(const std::vector<std::string>& arguments,
                                 absl::string_view version);

}  // namespace nvmeof::server
