// WatchedStatus: the latest answer of a check that may take its time, for callers that may not.
#pragma once

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/periodic.h"

namespace nvmeof::base {

// Asks at once and then with the same pause after each answer, on a thread of its own. Safe to use
// from several threads. Destruction waits for the check under way.
class WatchedStatus {
 public:
  WatchedStatus(absl::Duration pause, std::function<absl::Status()> check)
      : periodic_(pause, [this, check = std::move(check)] { Keep(check()); }) {}

  // Unavailable before the first answer. Does not block.
  absl::Status Latest() const {
    const absl::MutexLock lock(&mutex_);
    return latest_;
  }

 private:
  void Keep(absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    latest_ = std::move(status);
  }

  mutable absl::Mutex mutex_;
  absl::Status latest_ ABSL_GUARDED_BY(mutex_) = absl::UnavailableError("not yet known");
  Periodic periodic_;  // last: its thread uses the others
};

}  // namespace nvmeof::base
