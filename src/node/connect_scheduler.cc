#include "node/connect_scheduler.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::node {
namespace {

// Beyond any request's deadline, and far from the overflow that an infinite one would bring.
constexpr absl::Duration kLongestWait = absl::Hours(24);

}  // namespace

absl::Status ConnectScheduler::Connect(const nvme::ConnectRequest& request,
                                       ConnectPriority priority, absl::Time deadline,
                                       const std::function<bool()>& still_wanted) {
  RETURN_IF_ERROR(TakeTurn(request, priority, deadline));
  absl::Status status = still_wanted && !still_wanted()
                            ? absl::CancelledError("the path is no longer wanted")
                            : fabric_.Connect(request);
  EndTurn(priority, status);
  return status;
}

std::unique_ptr<ConnectScheduler::Pause> ConnectScheduler::PauseFor(const volume::Nqn& subsystem,
                                                                    absl::Time deadline) {
  std::future<bool> ended;
  {
    const absl::MutexLock lock(&mutex_);
    paused_.insert(subsystem.text());
    CancelWaiting(subsystem);
    if (running_.has_value() && running_->subsystem == subsystem) {
      ended = awaits_end_.emplace_back().get_future();
    }
  }
  std::unique_ptr<Pause> pause(new Pause(*this, subsystem.text()));
  if (ended.valid() && !WaitFor(ended, deadline)) return nullptr;
  return pause;
}

void ConnectScheduler::Resume(const std::string& subsystem) {
  const absl::MutexLock lock(&mutex_);
  paused_.erase(paused_.find(subsystem));
}

void ConnectScheduler::CancelWaiting(const volume::Nqn& subsystem) {
  for (const ConnectQueue::Ticket ticket : queue_.RemoveAll(subsystem)) {
    const auto waiter = waiters_.find(ticket);
    waiter->second.turn.set_value(false);
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
  ConnectQueue::Ticket ticket = 0;
  std::future<bool> turn;
  {
    const absl::MutexLock lock(&mutex_);
    if (deadline <= clock_.Now()) return Expired(priority);
    if (paused_.contains(request.subsystem.text())) return Cancelled(priority);
    ticket = queue_.Add(request, priority);
    Waiter waiter = {request, priority, {}};
    turn = waiter.turn.get_future();
    waiters_.emplace(ticket, std::move(waiter));
    if (!running_.has_value()) GiveNextTurn();
  }
  if (!WaitFor(turn, deadline)) {
    const absl::MutexLock lock(&mutex_);
    if (waiters_.erase(ticket) > 0) {
      queue_.Remove(ticket);
      return Expired(priority);
    }
  }
  if (turn.get()) return absl::OkStatus();
  const absl::MutexLock lock(&mutex_);
  return Cancelled(priority);
}

bool ConnectScheduler::WaitFor(std::future<bool>& event, absl::Time deadline) const {
  const absl::Duration wait =
      std::clamp(deadline - clock_.Now(), absl::ZeroDuration(), kLongestWait);
  return event.wait_for(absl::ToChronoNanoseconds(wait)) == std::future_status::ready;
}

void ConnectScheduler::EndTurn(ConnectPriority priority, const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  Counts& counts = CountsOf(priority);
  ++(status.ok() ? counts.connected : absl::IsCancelled(status) ? counts.cancelled : counts.failed);
  running_.reset();
  for (std::promise<bool>& waiting : awaits_end_) waiting.set_value(true);
  awaits_end_.clear();
  GiveNextTurn();
}

void ConnectScheduler::GiveNextTurn() {
  const std::optional<ConnectQueue::Ticket> next = queue_.TakeNext();
  if (!next.has_value()) return;
  const auto waiter = waiters_.find(*next);
  const nvme::ConnectRequest& request = waiter->second.request;
  running_ = {request.subsystem, request.path, waiter->second.priority, clock_.Now()};
  waiter->second.turn.set_value(true);
  waiters_.erase(waiter);
}

absl::Status ConnectScheduler::Cancelled(ConnectPriority priority) {
  ++CountsOf(priority).cancelled;
  return absl::CancelledError("the connect was called off before it began");
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
