#include "node/connect_scheduler.h"

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace nvmeof::node {

absl::Status ConnectScheduler::Connect(const nvme::ConnectRequest& request, absl::Time deadline) {
  if (!TakeTurn(deadline)) {
    return absl::DeadlineExceededError(
        "another connect of this node kept the kernel busy until the deadline");
  }
  const absl::Cleanup end_turn = [this] { EndTurn(); };
  return fabric_.Connect(request);
}

bool ConnectScheduler::TakeTurn(absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !busy_; };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&idle), deadline - clock_.Now())) return false;
  busy_ = true;
  return true;
}

void ConnectScheduler::EndTurn() {
  const absl::MutexLock lock(&mutex_);
  busy_ = false;
}

}  // namespace nvmeof::node
