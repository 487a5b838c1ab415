#include "node/connect_queue.h"

#include <algorithm>

#include "nvme/portal_probe.h"

namespace nvmeof::node {

ConnectQueue::Ticket ConnectQueue::Add(const nvme::ConnectRequest& request,
                                       ConnectPriority priority) {
  const bool slow = priority == ConnectPriority::kRepair && !nvme::IsProbed(request.path);
  const std::size_t lane = slow ? kSlowLane : static_cast<std::size_t>(priority);
  waiting_.insert({next_ticket_, {request.subsystem, priority, lane}});
  ++waiting_in_[lane];
  return next_ticket_++;
}

std::optional<ConnectQueue::Ticket> ConnectQueue::TakeNext() {
  const std::optional<std::size_t> lane = NextLane();
  if (!lane.has_value()) {
    last_served_.clear();
    passed_over_.fill(0);
    return std::nullopt;
  }
  std::optional<Ticket> next;
  std::uint64_t next_served = 0;
  for (const auto& [ticket, entry] : waiting_) {  // in the order of arrival
    if (entry.lane != *lane) continue;
    const std::uint64_t served = LastServed(entry.subsystem);
    if (next.has_value() && served >= next_served) continue;
    next = ticket;
    next_served = served;
  }
  last_served_.insert_or_assign(waiting_.at(*next).subsystem, ++turns_);
  Remove(*next);
  for (std::size_t other = 0; other < kLanes; ++other) {
    const bool passed_over = other != *lane && waiting_in_[other] > 0;
    passed_over_[other] = passed_over ? passed_over_[other] + 1 : 0;
  }
  return next;
}

void ConnectQueue::Remove(Ticket ticket) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  --waiting_in_[found->second.lane];
  waiting_.erase(found);
}

std::vector<ConnectQueue::Ticket> ConnectQueue::RemoveAll(const volume::Nqn& subsystem) {
  std::vector<Ticket> tickets;
  for (const auto& [ticket, entry] : waiting_) {
    if (entry.subsystem == subsystem) tickets.push_back(ticket);
  }
  for (const Ticket ticket : tickets) Remove(ticket);
  return tickets;
}

int ConnectQueue::Waiting(ConnectPriority priority) const {
  return static_cast<int>(std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& each) {
    return each.second.priority == priority;
  }));
}

std::optional<std::size_t> ConnectQueue::NextLane() const {
  for (std::size_t lane = kSlowLane; lane-- > 0;) {
    if (waiting_in_[lane] > 0 && passed_over_[lane] >= kPatience) return lane;
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (waiting_in_[lane] > 0) return lane;
  }
  return std::nullopt;
}

std::uint64_t ConnectQueue::LastServed(const volume::Nqn& subsystem) const {
  const auto found = last_served_.find(subsystem);
  return found == last_served_.end() ? 0 : found->second;
}

}  // namespace nvmeof::node
