// Connects, as tests of their order name them.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"

#include "node/connect_queue.h"
#include "volume/nqn.h"

namespace nvmeof::testing {

inline constexpr auto kFirst = node::ConnectPriority::kFirstPath;
inline constexpr auto kFurther = node::ConnectPriority::kFurtherPath;
inline constexpr auto kRepair = node::ConnectPriority::kRepair;

inline volume::Nqn SubsystemCalled(const std::string& name) {
  return *volume::Nqn::Parse(absl::StrCat("nqn.2026-01.dev.nvmeof:", name));
}

}  // namespace nvmeof::testing
