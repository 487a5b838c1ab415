// MemoryBackend: a storage system in memory with several places, each with its own room. It passes
// the same contract suite as the real ones, and can be told to misbehave as they do.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "backend/backend.h"

namespace nvmeof::testing {

struct MemoryBackendOptions {
  std::string name = "memory";
  std::vector<std::string> places = {"place-a", "place-b"};
  std::int64_t bytes_per_place = std::int64_t{1} << 40;
  volume::SizeRules rules = {};
  // The one beside kBackendDefault that it cannot do; kBackendDefault = it can do all.
  volume::Provisioning not_offered = volume::Provisioning::kBackendDefault;
  backend::Abilities abilities = {};
  volume::Segments reachable_from = {};  // of all places
};

// Internally synchronised; never blocks, so deadlines are not looked at.
class MemoryBackend final : public backend::Backend {
 public:
  explicit MemoryBackend(MemoryBackendOptions options = {});

  // A place that is down keeps its volumes and answers nothing.
  void TakeDown(const std::string& place);
  void BringUp(const std::string& place);

  // How many bytes all volumes of the place may have together; less than they have already means no
  // room.
  void SetRoom(const std::string& place, std::int64_t bytes);

  // The portals of every volume, old and new.
  void SetPortals(std::vector<volume::Portal> portals);

  // The n-th call from now (1 is the next one) does its work, then answers `status`: a connection
  // that is cut before the reply arrives.
  void FailAfterEffect(int n, absl::Status status);

  // Of the export that was made last.
  std::optional<volume::AuthenticationKeys> last_keys();

  backend::Abilities abilities() const override { return options_.abilities; }
  absl::StatusOr<backend::Volume> Create(const backend::CreateRequest& request,
                                         absl::Time deadline) override;
  absl::StatusOr<backend::Volume> FindByName(const std::string& name, absl::Time deadline) override;
  absl::StatusOr<backend::Volume> Get(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<backend::VolumeList> List(absl::Time deadline) override;
  absl::Status Delete(const volume::VolumeId& id, absl::Time deadline) override;
  absl::StatusOr<std::int64_t> Expand(const volume::VolumeId& id, const volume::SizeRange& size,
                                      absl::Time deadline) override;
  absl::StatusOr<backend::Volume> ExportTo(const volume::VolumeId& id,
                                           const backend::Export& wanted,
                                           absl::Time deadline) override;
  absl::Status Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                        absl::Time deadline) override;
  absl::StatusOr<backend::Capacity> GetCapacity(const backend::CapacityRequest& request,
                                                absl::Time deadline) override;

 private:
  struct Place {
    bool down = false;
    std::int64_t room_bytes = 0;
  };

  // What the calls do; `Answer` is the way out of each, where the next failure waits.
  template <typename Result>
  Result Answer(Result result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Volume> Make(const backend::CreateRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Volume> Lookup(const std::string& name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Volume> Read(const volume::VolumeId& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::VolumeList> ReadAll() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Remove(const volume::VolumeId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::int64_t> Grow(const volume::VolumeId& id, const volume::SizeRange& size)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Volume> Admit(const volume::VolumeId& id, const backend::Export& wanted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Evict(const volume::VolumeId& id, const volume::Nqn& host)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Capacity> Room() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status CheckPlace(const volume::VolumeId& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<backend::Volume*> Find(const volume::VolumeId& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::int64_t FreeBytes(const std::string& place) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::string> RoomiestPlace() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::string> PlacesUp() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const MemoryBackendOptions options_;

  absl::Mutex mutex_;
  std::map<std::string, Place> places_ ABSL_GUARDED_BY(mutex_);
  std::map<volume::VolumeId, backend::Volume> volumes_ ABSL_GUARDED_BY(mutex_);
  std::vector<volume::Portal> portals_ ABSL_GUARDED_BY(mutex_);
  std::optional<volume::AuthenticationKeys> last_keys_ ABSL_GUARDED_BY(mutex_);
  int calls_until_failure_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
