#include "node/connect_scheduler.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::node {

absl::Status ConnectScheduler::Connect(const nvme::ConnectRequest& request,
                                       ConnectPriority priority, absl::Time deadline) {
  RETURN_IF_ERROR(TakeTurn(request, priority, deadline));
  absl::Status status = fabric_.Connect(request);
  EndTurn(priority, status.ok());
  return status;
}

void ConnectScheduler::Cancel(const volume::Nqn& subsystem) {
  const absl::MutexLock lock(&mutex_);
  for (const ConnectQueue::Ticket ticket : queue_.RemoveAll(subsystem)) {
    const auto waiter = waiters_.find(ticket);
    waiter->second->state = Waiter::State::kCancelled;
    waiter->second->change.Signal();
    waiters_.erase(waiter);
  }
}

ConnectScheduler::Snapshot ConnectScheduler::Look() const {
  const absl::MutexLock lock(&mutex_);
  Snapshot snapshot = {running_, counts_};
  for (std::size_t i = 0; i < kConnectPriorities; ++i) {
    snapshot.counts.at(i).waiting = queue_.Waiting(static_cast<ConnectPriority>(i));
  }
  return snapshot;
}

absl::Status ConnectScheduler::TakeTurn(const nvme::ConnectRequest& request,
                                        ConnectPriority priority, absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  if (deadline <= clock_.Now()) return Expired(priority);
  Waiter waiter = {request, priority};
  const ConnectQueue::Ticket ticket = queue_.Add(request, priority);
  waiters_.emplace(ticket, &waiter);
  if (!running_.has_value()) GiveNextTurn();
  while (waiter.state == Waiter::State::kWaiting) {
    if (!waiter.change.WaitWithTimeout(&mutex_, deadline - clock_.Now())) continue;
    if (waiter.state != Waiter::State::kWaiting) break;
    queue_.Remove(ticket);
    waiters_.erase(ticket);
    return Expired(priority);
  }
  if (waiter.state == Waiter::State::kItsTurn) return absl::OkStatus();
  ++CountsOf(priority).cancelled;
  return absl::CancelledError("the connect was called off before it began");
}

void ConnectScheduler::EndTurn(ConnectPriority priority, bool connected) {
  const absl::MutexLock lock(&mutex_);
  ++(connected ? CountsOf(priority).connected : CountsOf(priority).failed);
  running_.reset();
  GiveNextTurn();
}

void ConnectScheduler::GiveNextTurn() {
  const std::optional<ConnectQueue::Ticket> next = queue_.TakeNext();
  if (!next.has_value()) return;
  const auto found = waiters_.find(*next);
  Waiter& waiter = *found->second;
  waiters_.erase(found);
  running_ = {waiter.request.subsystem, waiter.request.path, waiter.priority, clock_.Now()};
  waiter.state = Waiter::State::kItsTurn;
  waiter.change.Signal();
}

absl::Status ConnectScheduler::Expired(ConnectPriority priority) {
  ++CountsOf(priority).expired;
  std::string holder;
  if (running_.has_value()) {
    holder = absl::StrCat(": the kernel connects ", running_->subsystem.text(), " at ",
                          volume::Describe(running_->path), " since ",
                          absl::FormatDuration(clock_.Now() - running_->since));
  }
  return absl::DeadlineExceededError(
      absl::StrCat("the turn to connect did not come before the deadline", holder));
}

}  // namespace nvmeof::node
