// Starting a CSI plugin, as a suite wants it: the program that was built with the suite, or, for
// the node, the one that NVMEOF_NODE_PROGRAM names, built otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/vm/process.h"

namespace nvmeof::testing {

struct PluginPlan {
  std::vector<std::string> arguments;  // the subcommand first
  std::string socket;
  std::string log;  // file
};

// Returns when it answers calls.
absl::StatusOr<std::unique_ptr<Process>> StartPlugin(const PluginPlan& plan);

}  // namespace nvmeof::testing
