// Blank proof: libblkid's silence is not enough to format a disk; the places where anything known
// would have left a trace must read as zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "mount/opened_device.h"

namespace nvmeof::mount {

struct Region {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  friend bool operator==(const Region&, const Region&) = default;
};

// The places that are read on a disk of this size, in ascending order: the first and the last MiB,
// and where superblocks and their copies are. Pure.
[[nodiscard]] std::vector<Region> ProofRegions(std::uint64_t disk_size);

// Where the first byte that is not zero is; nothing when the disk is proven blank. A read error is
// an error.
[[nodiscard]] absl::StatusOr<std::optional<std::uint64_t>> FindNonZero(const OpenedDevice& device);

}  // namespace nvmeof::mount
