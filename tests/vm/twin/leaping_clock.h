// LeapingClock: a plugin's clock over real time that a test may set ahead, so that what waits for
// minutes after a failure is due at once.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::testing {

class LeapingClock final : public base::Clock {
 public:
  absl::Time Now() const override { return real_.Now() + ahead(); }
  void SleepUntil(absl::Time time) override { real_.SleepUntil(time - ahead()); }

  // Sleepers sleep on as if it had not.
  void Leap(absl::Duration by) {
    const absl::MutexLock lock(&mutex_);
    ahead_ += by;
  }

 private:
  absl::Duration ahead() const {
    const absl::MutexLock lock(&mutex_);
    return ahead_;
  }

  base::MonotonicClock real_;
  mutable absl::Mutex mutex_;
  absl::Duration ahead_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
