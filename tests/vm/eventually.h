// Eventually: waits for something that the kernel announces by no event (the state of a path, a
// listening socket), so it is looked at again and again. The clock of the wall may jump meanwhile.
#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace nvmeof::testing {

// For what happens in a second where nothing is slow.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// True as soon as `condition()` is; false when it is not within `limit`.
template <typename Condition>
[[nodiscard]] bool Eventually(absl::Duration limit, Condition condition) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + absl::ToChronoNanoseconds(limit);
  while (!condition()) {
    if (Clock::now() >= end) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

}  // namespace nvmeof::testing
