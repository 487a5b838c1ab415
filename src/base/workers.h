// Workers: threads for steps that the kernel may hold for longer than their caller can wait.
//
// A step on a dead device can block for as long as ctrl_loss_tmo and cannot be cancelled. It runs
// here; the caller waits until its deadline and leaves; the step goes on, keeps whatever it
// captured (its claim above all), and the next call on the same volume meets that claim.
#pragma once

#include <future>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::base {

// Internally synchronised; borrows the clock. Threads are made when first needed, up to `limit`,
// and kept. Destruction waits for the running steps; a process that must end at once does not
// destroy it. REQUIRES at destruction: nobody is inside RunUntil.
class Workers {
 public:
  Workers(const Clock& clock, int limit);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `step` on a worker and waits for its result until `deadline`. DeadlineExceeded when it is
  // still running then: it goes on, so everything it touches must be owned by it. ResourceExhausted
  // when all workers are busy: nothing was started. What `step` captured is destroyed before its
  // result is seen, so a claim that it holds is free again when this returns anything else than
  // DeadlineExceeded of this function.
  [[nodiscard]] absl::Status RunUntil(absl::Time deadline, absl::AnyInvocable<absl::Status()> step);

  // Runs `step` on a worker and waits for nothing. ResourceExhausted when three quarters are busy,
  // as the others are for RunUntil: nothing was started.
  [[nodiscard]] absl::Status Start(absl::AnyInvocable<absl::Status()> step);

  // Runs all steps, the first one on the calling thread and the others beside it; a step for which
  // no worker is free, but for the quarter that is kept for RunUntil, runs on the calling thread,
  // too. For callers that run on a worker themselves: the deadline bounds the wait for the others,
  // not the steps on the calling thread. One step failing stops none; messages are joined under the
  // code of the first.
  [[nodiscard]] absl::Status RunTogether(absl::Time deadline,
                                         std::vector<absl::AnyInvocable<absl::Status()>> steps);

  // Waits for the running steps and ends the threads; later steps are refused. For an owner whose
  // steps use what would be destroyed before the workers. REQUIRES: nobody is inside RunUntil or
  // RunTogether.
  void Finish();

 private:
  absl::Status Await(absl::Time deadline, std::future<absl::Status> result) const;

  class State;
  const Clock& clock_;
  std::unique_ptr<State> state_;
};

}  // namespace nvmeof::base
