// FakeClock: a clock that stands still until a test moves it. SleepUntil does not block: it moves
// the clock to that time, as if the wait had been.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::testing {

class FakeClock final : public base::Clock {
 public:
  absl::Time Now() const override {
    const absl::MutexLock lock(&mutex_);
    return now_;
  }

  void SleepUntil(absl::Time time) override {
    const absl::MutexLock lock(&mutex_);
    if (time > now_) now_ = time;
  }

  void Advance(absl::Duration by) {
    const absl::MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::UnixEpoch() + absl::Hours(1);
};

}  // namespace nvmeof::testing
