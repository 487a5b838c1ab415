// GatedBackend: a backend that may keep its callers waiting: changes until the test lets them go,
// looks until their time is over.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "backend/backend.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace nvmeof::testing {

// Internally synchronised. Open until it is closed.
class GatedBackend final : public backend::Backend {
 public:
  GatedBackend(std::unique_ptr<backend::Backend> inner, base::Clock& clock)
      : inner_(std::move(inner)), clock_(clock) {}

  void Close() {
    const absl::MutexLock lock(&mutex_);
    open_ = false;
  }
  void Open() {
    const absl::MutexLock lock(&mutex_);
    open_ = true;
  }
  // Returns when a change waits at the gate.
  void AwaitArrival() {
    const absl::MutexLock lock(&mutex_, absl::Condition(&arrived_));
    arrived_ = false;
  }

  // From now on looks take all the time that they are given, and fail.
  void Silence() {
    const absl::MutexLock lock(&mutex_);
    silent_ = true;
  }

  backend::Abilities abilities() const override { return inner_->abilities(); }
  absl::StatusOr<backend::Volume> Create(const backend::CreateRequest& request,
                                         absl::Time deadline) override {
    Pass();
    return inner_->Create(request, deadline);
  }
  absl::StatusOr<backend::Volume> FindByName(const std::string& name,
                                             absl::Time deadline) override {
    return inner_->FindByName(name, deadline);
  }
  absl::StatusOr<backend::Volume> Get(const volume::VolumeId& id, absl::Time deadline) override {
    return inner_->Get(id, deadline);
  }
  absl::StatusOr<backend::VolumeList> List(absl::Time deadline) override {
    RETURN_IF_ERROR(Look(deadline));
    return inner_->List(deadline);
  }
  absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) override {
    Pass();
    return inner_->Delete(id, deadline);
  }
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id, const volume::SizeRange& size,
                                      absl::Time deadline) override {
    Pass();
    return inner_->Expand(id, size, deadline);
  }
  absl::StatusOr<backend::Volume> ExportTo(const volume::VolumeId& id,
                                           const backend::Export& wanted,
                                           absl::Time deadline) override {
    Pass();
    return inner_->ExportTo(id, wanted, deadline);
  }
  absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                        absl::Time deadline) override {
    Pass();
    return inner_->Unexport(id, host, deadline);
  }
  absl::StatusOr<backend::Capacity> GetCapacity(const backend::CapacityRequest& request,
                                                absl::Time deadline) override {
    RETURN_IF_ERROR(Look(deadline));
    return inner_->GetCapacity(request, deadline);
  }

 private:
  void Pass() {
    const absl::MutexLock lock(&mutex_);
    arrived_ = !open_;
    mutex_.Await(absl::Condition(&open_));
  }

  absl::Status Look(absl::Time deadline) {
    const absl::MutexLock lock(&mutex_);
    if (silent_) clock_.SleepUntil(deadline);
    if (clock_.Now() < deadline) return absl::OkStatus();
    return absl::DeadlineExceededError("no answer in time");
  }

  const std::unique_ptr<backend::Backend> inner_;
  base::Clock& clock_;
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  bool arrived_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nvmeof::testing
