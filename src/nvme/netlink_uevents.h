// NetlinkUevents: the kernel's own broadcast of device events. Not udev's: that comes later, and
// only where udev runs.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/unique_fd.h"
#include "nvme/uevents.h"

namespace nvmeof::nvme {

// Reads uevents from a datagram socket. One thread at a time. Blocks in poll, until the deadline.
// Internal when the socket fails. Borrows the clock.
class UeventSocket final : public UeventSubscription {
 public:
  UeventSocket(base::UniqueFd socket, const base::Clock& clock)
      : socket_(std::move(socket)), clock_(clock) {}

  // All that is queued counts as one event, because one look answers it all. A deadline in the past
  // only empties the queue.
  absl::StatusOr<bool> WaitUntil(absl::Time deadline) override;

 private:
  absl::StatusOr<bool> Drain();

  base::UniqueFd socket_;
  const base::Clock& clock_;
};

// Safe to use from several threads: each subscription has a socket of its own, open while it lives.
// Borrows the clock.
class NetlinkUevents final : public Uevents {
 public:
  explicit NetlinkUevents(const base::Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<UeventSubscription>> Subscribe() override;

 private:
  const base::Clock& clock_;
};

}  // namespace nvmeof::nvme
