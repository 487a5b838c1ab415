// RunTool: a tool that must succeed, as a Status with what it said.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace nvmeof::testing {

// Internal with the command and its output for an exit code other than 0.
absl::Status RunTool(const std::vector<std::string>& argv);

}  // namespace nvmeof::testing
