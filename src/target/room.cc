#include "target/room.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::target {

Reservation::~Reservation() {
  if (owner_ == nullptr) return;
  const absl::MutexLock lock(&owner_->mutex_);
  owner_->reserved_ -= bytes_;
}

absl::StatusOr<std::int64_t> Room::Available() const {
  const std::int64_t reserved = this->reserved();
  const absl::StatusOr<std::int64_t> unpromised = Unpromised();
  if (absl::IsResourceExhausted(unpromised.status())) return 0;
  RETURN_IF_ERROR(unpromised.status());
  return std::max<std::int64_t>(0, *unpromised - reserved);
}

absl::Status Room::Check() const {
  ASSIGN_OR_RETURN(const std::int64_t unpromised, Unpromised());
  if (unpromised >= pool_.Rules().minimum_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the pool has no room but its reserve of ", reserve_percent_, " percent"));
}

absl::StatusOr<Reservation> Room::Reserve(std::int64_t bytes) {
  // First promise, then look: whoever comes later counts these bytes, whoever came earlier shows
  // up in the number of reserved bytes or in the pool. Counting twice refuses too much at worst.
  std::int64_t others = 0;
  {
    const absl::MutexLock lock(&mutex_);
    others = reserved_;
    reserved_ += bytes;
  }
  Reservation reservation(this, bytes);
  ASSIGN_OR_RETURN(const std::int64_t unpromised, Unpromised());
  const std::int64_t available = std::max<std::int64_t>(0, unpromised - others);
  if (bytes > available) {
    return absl::ResourceExhaustedError(
        absl::StrCat(bytes, " bytes wanted, the pool has room for ", available));
  }
  return reservation;
}

absl::StatusOr<std::int64_t> Room::Unpromised() const {
  ASSIGN_OR_RETURN(const PoolSpace space, pool_.Space());
  std::int64_t left = space.free_bytes - space.total_bytes / 100 * reserve_percent_;
  for (const VolumeRecord& record : store_.All()) {
    if (record.provisioning != volume::Provisioning::kThick) continue;
    if (record.state != VolumeRecord::State::kReady) continue;
    const absl::StatusOr<std::int64_t> allocated = pool_.AllocatedBytes(record.Handle());
    if (absl::IsNotFound(allocated.status())) continue;
    RETURN_IF_ERROR(allocated.status());
    left -= std::max<std::int64_t>(0, record.size_bytes - *allocated);
  }
  return left;
}

std::int64_t Room::reserved() const {
  const absl::MutexLock lock(&mutex_);
  return reserved_;
}

}  // namespace nvmeof::target
