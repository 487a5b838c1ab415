// ConnectScheduler: the one place of the node that hands paths to the kernel, one at a time.
//
// The kernel serialises all connects of the machine under one mutex, uninterruptibly, so several
// writers gain nothing and a writer that waits there cannot be called back. Waiting happens here
// instead, where a deadline can end it. Which path goes first will be decided here, too.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "nvme/fabric.h"

namespace nvmeof::node {

// Internally synchronised. Borrows the fabric and the clock.
class ConnectScheduler {
 public:
  ConnectScheduler(nvme::Fabric& fabric, const base::Clock& clock)
      : fabric_(fabric), clock_(clock) {}

  // Waits for its turn until `deadline`, then connects. Errors: those of Fabric::Connect;
  // DeadlineExceeded when the turn did not come: nothing was begun. A connect that has begun is
  // not ended by the deadline; callers run where that may block.
  [[nodiscard]] absl::Status Connect(const nvme::ConnectRequest& request, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  [[nodiscard]] bool TakeTurn(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndTurn() ABSL_LOCKS_EXCLUDED(mutex_);

  nvme::Fabric& fabric_;
  const base::Clock& clock_;

  absl::Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nvmeof::node
