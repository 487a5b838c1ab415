// BoundedBackend: a Backend that takes a bounded number of calls at once, so that a storage system
// that hangs holds no more of its callers.
//
// What is over a bound is refused at once, and never queued: Unavailable, nothing was done.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "backend/backend.h"

namespace nvmeof::backend {

// How many calls may run at once; each at least 1.
struct CallBounds {
  int all = 0;
  // All but List and GetCapacity. Fewer, so that a storage system with many changes still tells
  // that it works.
  int about_volumes = 0;
  // About the volumes of one place; a new volume, and a name, are of a place of their own. Fewer
  // where a place can hang while the others work.
  int at_one_place = 0;
};

// Owns the backend. As safe to use from several threads, and blocking as long, as the backend; a
// refusal does not block. Other codes are the backend's.
class BoundedBackend final : public Backend {
 public:
  BoundedBackend(std::string name, CallBounds bounds, std::unique_ptr<Backend> backend);

  Abilities abilities() const override;
  absl::StatusOr<Volume> Create(const CreateRequest& request, absl::Time deadline) override;
  absl::StatusOr<Volume> FindByName(const std::string& name, absl::Time deadline) override;
  absl::StatusOr<Volume> Get(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<VolumeList> List(absl::Time deadline) override;
  absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id, const volume::SizeRange& size,
                                      absl::Time deadline) override;
  absl::StatusOr<Volume> ExportTo(const volume::VolumeId& id, const Export& wanted,
                                  absl::Time deadline) override;
  absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                        absl::Time deadline) override;
  absl::StatusOr<Capacity> GetCapacity(const CapacityRequest& request,
                                       absl::Time deadline) override;

 private:
  // Nothing = about no volume.
  using Place = std::optional<std::string>;

  // Runs `ask` within the bounds, or answers the refusal.
  template <typename Ask>
  auto Run(const Place& place, const Ask& ask) -> decltype(ask());

  absl::Status Begin(const Place& place);
  void End(const Place& place);
  absl::Status Refusal(int running, const std::string& what) const;

  const std::string name_;
  const CallBounds bounds_;
  const std::unique_ptr<Backend> backend_;

  absl::Mutex mutex_;
  int all_ ABSL_GUARDED_BY(mutex_) = 0;
  int about_volumes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> at_place_ ABSL_GUARDED_BY(mutex_);  // none is 0
};

}  // namespace nvmeof::backend
