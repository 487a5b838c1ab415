// Clock: time that only moves forward, so that a step of the machine's calendar clock neither ends
// nor stretches a deadline.
#pragma once

#include "absl/time/time.h"

namespace nvmeof::base {

// Safe to use from several threads.
class Clock {
 public:
  virtual ~Clock() = default;

  // A point on the monotonic line; comparable with other results of Now() only.
  virtual absl::Time Now() const = 0;

  // Blocks until Now() >= time.
  virtual void SleepUntil(absl::Time time) = 0;
};

class MonotonicClock final : public Clock {
 public:
  absl::Time Now() const override;
  void SleepUntil(absl::Time time) override;
};

}  // namespace nvmeof::base
