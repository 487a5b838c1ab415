// Uevents: the seam for waiting until the kernel says that something about its devices changed.
//
// Events are hints, never truth: subscribe, then look, then wait, then look again. A lost event
// (the socket's buffer overflowed) counts as an event.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nvmeof::nvme {

// One subscriber's view. One thread at a time.
class UeventSubscription {
 public:
  virtual ~UeventSubscription() = default;

  // True when a block or nvme event came since the last call (or since the subscription); false at
  // the deadline.
  virtual absl::StatusOr<bool> WaitUntil(absl::Time deadline) = 0;
};

// Safe to use from several threads.
class Uevents {
 public:
  virtual ~Uevents() = default;

  // Events from now on are not missed. Each subscription has a buffer of its own.
  virtual absl::StatusOr<std::unique_ptr<UeventSubscription>> Subscribe() = 0;
};

}  // namespace nvmeof::nvme
