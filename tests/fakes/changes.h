// What changed between two states of a fake, told to whoever brings it about in the real world.
#pragma once

#include "absl/status/status.h"

namespace nvmeof::testing {

// Calls `tell` for each entry of `now` that was not so in `before`, and with null for each that
// went.
template <typename Map, typename Tell>
absl::Status ForEachChange(const Map& before, const Map& now, Tell tell) {
  for (const auto& [key, value] : before) {
    if (now.contains(key)) continue;
    if (absl::Status told = tell(key, nullptr); !told.ok()) return told;
  }
  for (const auto& [key, value] : now) {
    const auto old = before.find(key);
    if (old != before.end() && old->second == value) continue;
    if (absl::Status told = tell(key, &value); !told.ok()) return told;
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::testing
