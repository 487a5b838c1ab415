// Reconciler: keeps what was promised true while nobody calls: connects paths that the kernel gave
// up, mounts anew what lost its disk, and disconnects what nobody wants.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "base/backoff.h"
#include "base/call.h"
#include "base/claims.h"
#include "base/clock.h"
#include "node/attacher.h"
#include "node/connection_marks.h"
#include "node/nvme_host.h"
#include "node/observer.h"
#include "node/path_connector.h"
#include "node/publisher.h"
#include "node/reconcile_plan.h"
#include "node/stage_records.h"
#include "node/stager.h"
#include "node/troubles.h"

namespace nvmeof::node {

// All borrowed.
struct ReconcilerParts {
  const StageRecords& records;
  ConnectionMarks& marks;
  PathConnector& connector;
  Attacher& attacher;
  Stager& stager;
  Publisher& publisher;
  Troubles& troubles;
  base::Claims& claims;  // on volumes, the same as those of the calls
  const mount::Mounter& mounter;
  const base::Clock& clock;
};

// Tick and Attend may be called from any thread, one Tick at a time. Neither blocks on a device or
// a portal: what may block is handed to `start`.
class Reconciler {
 public:
  // Runs the step on a worker, or refuses: then it is tried again at a later tick.
  using Start = std::function<absl::Status(absl::AnyInvocable<absl::Status()>)>;

  Reconciler(const NvmeHost& host, const ReconcilerParts& parts, Start start, std::uint64_t seed);
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;
  ~Reconciler() = default;

  // Looks at everything, plans, and begins what is due. What failed waits longer each time: of a
  // connect each portal for itself. Rescans, drops and reaps are begun when two ticks in a row saw
  // the need.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);

  // The volume was staged just now: its further paths are connected without waiting for a tick.
  void Attend(const std::string& volume_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // How often each kind of action was begun, and how often it failed, by Name.
  struct Count {
    std::int64_t begun = 0;
    std::int64_t failed = 0;
  };
  std::map<std::string, Count> Counts() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::StatusOr<Picture> Look() const;
  void Begin(Action action, ConnectPriority priority) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsDue(Action& action) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const Action& action, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Status Do(const Action& action, ConnectPriority priority);
  absl::Status Connect(const Action& action, ConnectPriority priority);
  absl::Status Restore(const std::string& volume_id);
  absl::Status RestoreRecord(const StageRecord& record, base::Call& call);
  absl::Status Unbind(const std::string& volume_id);
  absl::Status SetIoPolicy(const std::string& volume_id);
  // Runs the step under the volume's claim, if it is staged still.
  absl::Status WithStaged(const std::string& volume_id,
                          absl::FunctionRef<absl::Status(const StageRecord&)> step);
  bool IsPromised(const std::string& volume_id) const;

  const NvmeHost host_;
  const ReconcilerParts parts_;
  const Start start_;
  const Observer observer_;

  mutable absl::Mutex mutex_;
  std::set<std::string> running_ ABSL_GUARDED_BY(mutex_);   // actions begun and not ended
  std::set<std::string> suspects_ ABSL_GUARDED_BY(mutex_);  // seen once: act at the next tick
  base::Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Count> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
