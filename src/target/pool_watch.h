// PoolWatch: says when a pool begins to refuse volumes, and when it takes them again.
#pragma once

#include "absl/status/status.h"

#include "target/room.h"

namespace nvmeof::target {

// Borrows the room, whose judgement it is: what is said is what calls are answered. One thread at a
// time.
class PoolWatch {
 public:
  explicit PoolWatch(const Room& room) : room_(room) {}

  // One line when the answer is another one than at the look before; the first is compared with a
  // pool that is well. Blocks on the pool.
  void Look();

 private:
  const Room& room_;
  absl::StatusCode last_ = absl::StatusCode::kOk;
};

}  // namespace nvmeof::target
