// Effects: counts and names what fakes do to their world, and lets a test fail or kill at the n-th
// step. One object is shared by all fakes of a test, so that "die at step 1, 2, 3, ..." walks
// through every step of an operation, whichever seam it crosses.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace nvmeof::testing {

// Internally synchronised.
class Effects {
 public:
  // The n-th effect from now on (1 is the next one) is refused with `status` and does not happen.
  void Fail(int n, absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    fail_ = {n, std::move(status)};
  }

  // The n-th effect from now on and all later ones do not happen, as if the process had died.
  void DieAt(int n) {
    const absl::MutexLock lock(&mutex_);
    die_in_ = n;
  }

  // A new process: nothing fails any more.
  void Revive() {
    const absl::MutexLock lock(&mutex_);
    die_in_.reset();
    fail_.reset();
  }

  bool dead() const {
    const absl::MutexLock lock(&mutex_);
    return die_in_.has_value() && *die_in_ <= 0;
  }

  // Called with the name of each effect before it happens, without a lock held: a test blocks or
  // changes the world there.
  void OnEffect(std::function<void(const std::string&)> hook) {
    const absl::MutexLock lock(&mutex_);
    hook_ = std::move(hook);
  }

  // What happened, in order: "mount /dev/nvme0n1 /staging".
  std::vector<std::string> log() const {
    const absl::MutexLock lock(&mutex_);
    return log_;
  }

  std::size_t count() const { return log().size(); }

  void Forget() {
    const absl::MutexLock lock(&mutex_);
    log_.clear();
  }

  // For fakes: asks for leave to do the effect.
  absl::Status Do(const std::string& name) {
    std::function<void(const std::string&)> hook;
    {
      const absl::MutexLock lock(&mutex_);
      if (die_in_.has_value() && --*die_in_ <= 0) return absl::InternalError("the process is dead");
      if (fail_.has_value() && --fail_->first == 0) {
        return std::exchange(fail_, std::nullopt)->second;
      }
      log_.push_back(name);
      hook = hook_;
    }
    if (hook) hook(name);
    return absl::OkStatus();
  }

 private:
  mutable absl::Mutex mutex_;
  std::optional<std::pair<int, absl::Status>> fail_ ABSL_GUARDED_BY(mutex_);
  std::optional<int> die_in_ ABSL_GUARDED_BY(mutex_);
  std::function<void(const std::string&)> hook_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> log_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
