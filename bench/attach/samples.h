// Samples: durations of one thing done many times.
#pragma once

#include <algorithm>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace nvmeof::bench {

class Samples {
 public:
  void Add(absl::Duration duration) { durations_.push_back(duration); }

  // Runs `body` and adds its time; answers what it answers.
  template <typename Body>
  auto Time(Body body) {
    const absl::Time start = absl::Now();
    auto result = body();
    Add(absl::Now() - start);
    return result;
  }

  absl::Duration median() const { return Quantile(50); }
  absl::Duration p99() const { return Quantile(99); }

 private:
  // Nearest rank. REQUIRES: there are samples.
  absl::Duration Quantile(std::size_t percent) const {
    std::vector<absl::Duration> sorted = durations_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[(sorted.size() * percent + 99) / 100 - 1];
  }

  std::vector<absl::Duration> durations_;
};

}  // namespace nvmeof::bench
