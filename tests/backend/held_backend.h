// HeldBackend: a storage system that hangs: it takes every call and answers none until the test
// lets it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "backend/backend.h"

namespace nvmeof::testing {

// Internally synchronised. Every answer is NotFound. No wait is endless, so that a call that should
// never have come fails its test instead of hanging it.
class HeldBackend final : public backend::Backend {
 public:
  explicit HeldBackend(backend::Abilities abilities = {}) : abilities_(abilities) {}

  // True when `calls` wait here.
  bool AwaitCalls(int calls) {
    const absl::MutexLock lock(&mutex_);
    const auto all_wait = [this, calls]()
                              ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return waiting_ >= calls; };
    return mutex_.AwaitWithTimeout(absl::Condition(&all_wait), kLongestWait);
  }

  // From now on it answers.
  void Release() {
    const absl::MutexLock lock(&mutex_);
    released_ = true;
  }

  backend::Abilities abilities() const override { return abilities_; }
  absl::StatusOr<backend::Volume> Create(const backend::CreateRequest&, absl::Time) override {
    return Wait();
  }
  absl::StatusOr<backend::Volume> FindByName(const std::string&, absl::Time) override {
    return Wait();
  }
  absl::StatusOr<backend::Volume> Get(const volume::VolumeId&, absl::Time) override {
    return Wait();
  }
  absl::StatusOr<backend::VolumeList> List(absl::Time) override { return Wait(); }
  absl::Status Delete(const volume::VolumeId&, absl::Time) override { return Wait(); }
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId&, const volume::SizeRange&,
                                      absl::Time) override {
    return Wait();
  }
  absl::StatusOr<backend::Volume> ExportTo(const volume::VolumeId&, const backend::Export&,
                                           absl::Time) override {
    return Wait();
  }
  absl::Status Unexport(const volume::VolumeId&, const volume::Nqn&, absl::Time) override {
    return Wait();
  }
  absl::StatusOr<backend::Capacity> GetCapacity(const backend::CapacityRequest&,
                                                absl::Time) override {
    return Wait();
  }

 private:
  static constexpr absl::Duration kLongestWait = absl::Seconds(20);

  absl::Status Wait() {
    const absl::MutexLock lock(&mutex_);
    ++waiting_;
    mutex_.AwaitWithTimeout(absl::Condition(&released_), kLongestWait);
    --waiting_;
    return absl::NotFoundError("nothing is here");
  }

  const backend::Abilities abilities_;
  absl::Mutex mutex_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nvmeof::testing
