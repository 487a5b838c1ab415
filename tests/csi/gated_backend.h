// GatedBackend: a backend whose changes wait until the test lets them go.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "backend/backend.h"

namespace nvmeof::testing {

// Internally synchronised. Open until it is closed.
class GatedBackend final : public backend::Backend {
 public:
  explicit GatedBackend(std::unique_ptr<backend::Backend> inner) : inner_(std::move(inner)) {}

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
  absl::StatusOr<backend::Capacity> GetCapacity(volume::Provisioning provisioning,
                                                absl::Time deadline) override {
    return inner_->GetCapacity(provisioning, deadline);
  }

 private:
  void Pass() {
    const absl::MutexLock lock(&mutex_);
    arrived_ = !open_;
    mutex_.Await(absl::Condition(&open_));
  }

  const std::unique_ptr<backend::Backend> inner_;
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  bool arrived_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nvmeof::testing
