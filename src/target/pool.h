// Pool: the seam to where the volumes' data lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "volume/parameters.h"
#include "volume/size.h"

namespace nvmeof::target {

struct PoolSpace {
  std::int64_t total_bytes = 0;
  std::int64_t free_bytes = 0;  // as the storage counts it; promises to volumes are not deducted
};

// Safe to use from several threads on different handles. Every call blocks on the disk. A step that
// fails leaves either nothing or something that the same call completes. Sizes keep rules().
class Pool {
 public:
  virtual ~Pool() = default;

  // A blank volume, thin or thick. AlreadyExists; InvalidArgument: this pool does not offer the
  // provisioning; ResourceExhausted: no room, and nothing is left of the attempt.
  virtual absl::Status Create(const std::string& handle, std::int64_t bytes,
                              volume::Provisioning provisioning) = 0;

  // The size afterwards: at least `bytes`, never less than before. NotFound; ResourceExhausted: the
  // volume is as it was.
  virtual absl::StatusOr<std::int64_t> Grow(const std::string& handle, std::int64_t bytes,
                                            volume::Provisioning provisioning) = 0;

  // The data is gone afterwards; an absent volume is OK. The kernel target must have let go of it.
  virtual absl::Status Remove(const std::string& handle) = 0;

  // What the kernel target opens.
  virtual std::string Path(const std::string& handle) const = 0;

  // How much of the volume has blocks now. NotFound.
  virtual absl::StatusOr<std::int64_t> AllocatedBytes(const std::string& handle) const = 0;

  // Of all volumes, sorted, whether anybody knows of them or not.
  virtual absl::StatusOr<std::vector<std::string>> Handles() const = 0;

  // ResourceExhausted, with the reason: the pool can take nothing at all.
  virtual absl::StatusOr<PoolSpace> Space() const = 0;

  virtual volume::SizeRules Rules() const = 0;
};

}  // namespace nvmeof::target
