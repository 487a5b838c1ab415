// ConnectScheduler: the one place of the node that hands paths to the kernel, one at a time, in the
// order of ConnectQueue.
//
// The kernel serialises all connects of the machine under one mutex, uninterruptibly, so several
// writers gain nothing and a writer that waits there cannot be called back. Waiting happens here
// instead, where a deadline or a Pause can end it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "node/connect_queue.h"
#include "nvme/fabric.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::node {

// Internally synchronised. Borrows the fabric and the clock. REQUIRES at destruction: nobody is
// inside Connect.
class ConnectScheduler {
 public:
  // The connect that is in the kernel.
  struct Running {
    volume::Nqn subsystem;
    volume::Path path;
    ConnectPriority priority;
    absl::Time since;
  };
  struct Counts {
    int waiting = 0;
    // Since the process began.
    std::int64_t connected = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
    std::int64_t expired = 0;  // the deadline came before the turn
  };
  struct Snapshot {
    std::optional<Running> running;
    std::array<Counts, kConnectPriorities> counts;

    const Counts& of(ConnectPriority priority) const {
      return counts.at(static_cast<std::size_t>(priority));
    }
  };

  ConnectScheduler(nvme::Fabric& fabric, const base::Clock& clock)
      : fabric_(fabric), clock_(clock) {}

  // Waits for its turn until `deadline`, then connects on the calling thread. Errors: those of
  // Fabric::Connect; DeadlineExceeded when the turn did not come, with what holds the kernel, and
  // Cancelled, by a Pause or because `still_wanted` (empty = always) said no at its turn: in both
  // nothing was begun. A connect that has begun is ended by neither; callers run where that may
  // block.
  [[nodiscard]] absl::Status Connect(const nvme::ConnectRequest& request, ConnectPriority priority,
                                     absl::Time deadline,
                                     const std::function<bool()>& still_wanted = {})
      ABSL_LOCKS_EXCLUDED(mutex_);

  // While it lives, connects of its subsystem are Cancelled before they begin. The scheduler
  // outlives it.
  class Pause {
   public:
    ~Pause() { scheduler_.Resume(subsystem_); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    friend class ConnectScheduler;
    Pause(ConnectScheduler& scheduler, std::string subsystem)
        : scheduler_(scheduler), subsystem_(std::move(subsystem)) {}

    ConnectScheduler& scheduler_;
    const std::string subsystem_;
  };

  // For taking a subsystem apart: its waiting connects end with Cancelled, and one that has begun
  // is waited for. Nothing when that one is still in the kernel at `deadline`.
  [[nodiscard]] std::unique_ptr<Pause> PauseFor(const volume::Nqn& subsystem, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);

  [[nodiscard]] Snapshot Look() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A thread that waits for its turn. Each has a promise of its own, because waking all for each
  // turn would cost the square of their number.
  struct Waiter {
    nvme::ConnectRequest request;
    ConnectPriority priority;
    std::promise<bool> turn;  // false: cancelled
  };

  absl::Status TakeTurn(const nvme::ConnectRequest& request, ConnectPriority priority,
                        absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitFor(std::future<bool>& event, absl::Time deadline) const;
  void CancelWaiting(const volume::Nqn& subsystem) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Resume(const std::string& subsystem) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndTurn(ConnectPriority priority, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveNextTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Cancelled(ConnectPriority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Expired(ConnectPriority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Counts& CountsOf(ConnectPriority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return counts_.at(static_cast<std::size_t>(priority));
  }

  nvme::Fabric& fabric_;
  const base::Clock& clock_;

  mutable absl::Mutex mutex_;
  ConnectQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::map<ConnectQueue::Ticket, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);  // those in the queue
  std::multiset<std::string> paused_ ABSL_GUARDED_BY(mutex_);               // by NQN
  std::vector<std::promise<bool>> awaits_end_ ABSL_GUARDED_BY(mutex_);      // of the running one
  std::optional<Running> running_ ABSL_GUARDED_BY(mutex_);
  std::array<Counts, kConnectPriorities> counts_ ABSL_GUARDED_BY(mutex_);  // but for `waiting`
};

}  // namespace nvmeof::node
