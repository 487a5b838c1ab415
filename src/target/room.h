// Room: how many bytes the agent may still promise.
//
// A pool's free space is not free to give away: a reserve stays for the file system and for thin
// volumes that grow, and a thick volume whose host discarded blocks (mkfs does) has a right to get
// them back. So no sum of thick volumes ever exceeds the pool. A thin volume must fit when it is
// made, so that it alone could be filled; the sum of all thin ones may exceed the pool, and then
// their hosts see write errors when it is full.
#pragma once

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "target/pool.h"
#include "target/volume_store.h"

namespace nvmeof::target {

class Room;

// Bytes that are being turned into a volume; given back when destroyed, when either the pool shows
// them as taken or they were not used. Movable; `Room` must outlive it.
class Reservation {
 public:
  Reservation(Reservation&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), bytes_(other.bytes_) {}
  Reservation& operator=(Reservation&&) = delete;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation();

 private:
  friend class Room;
  Reservation(Room* owner, std::int64_t bytes) : owner_(owner), bytes_(bytes) {}

  Room* owner_;
  const std::int64_t bytes_;
};

// Internally synchronised. Borrows pool and store. Blocks on the disk.
class Room {
 public:
  Room(const Pool& pool, const VolumeStore& store, int reserve_percent)
      : pool_(pool), store_(store), reserve_percent_(reserve_percent) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() = default;

  // At least 0.
  absl::StatusOr<std::int64_t> Available() const;

  // ResourceExhausted, with the reason: Reserve refuses even the smallest volume. Reservations do
  // not count, as they end with their calls.
  absl::Status Check() const;

  // ResourceExhausted, with both numbers, when there are fewer.
  absl::StatusOr<Reservation> Reserve(std::int64_t bytes);

 private:
  friend class Reservation;
  // Before reservations; may be negative.
  absl::StatusOr<std::int64_t> Unpromised() const;
  std::int64_t reserved() const;

  const Pool& pool_;
  const VolumeStore& store_;
  const int reserve_percent_;

  mutable absl::Mutex mutex_;
  std::int64_t reserved_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace nvmeof::target
