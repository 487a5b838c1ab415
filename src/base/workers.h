// Workers: threads for steps that the kernel may hold for longer than their caller can wait.
//
// A step on a dead device can block for as long as ctrl_loss_tmo and cannot be cancelled. It runs
// here; the caller waits until its deadline and leaves; the step goes on, keeps whatever it
// captured (its claim above all), and the next call on the same volume meets that claim.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::base {

// Internally synchronised. Threads are made when first needed, up to `limit`, and kept.
// Destruction waits for the running steps; a process that must end at once does not destroy it.
class Workers {
 public:
  Workers(Clock& clock, int limit);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `step` on a worker and waits for its result until `deadline`. DeadlineExceeded when it is
  // still running then: it goes on, so everything it touches must be owned by it. ResourceExhausted
  // when all workers are busy: nothing was started.
  [[nodiscard]] absl::Status RunUntil(absl::Time deadline, std::function<absl::Status()> step);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace nvmeof::base
