// Xfs: XFS by mkfs.xfs and by the kernel's own growth call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mount/fs_type.h"

namespace nvmeof::mount {

class Xfs final : public FsType {
 public:
  std::uint64_t least_bytes() const override;
  std::vector<std::string> FormatCommand(const std::string& path) const override;

  // Always OK: mounting replays the log, and xfs_repair is for a person to decide on.
  absl::Status Check(const OpenedDevice& device, base::CommandRunner& runner,
                     absl::Time deadline) const override;
  absl::StatusOr<bool> IsUnfinished(const OpenedDevice& device) const override;
  absl::StatusOr<Extent> Measure(const OpenedDevice& device, int mount) const override;
  absl::Status Grow(int mount, std::uint64_t blocks) const override;
};

// How many blocks it can have on a disk of that size: a last allocation group of less than 64
// blocks is left out, by the rule of the kernel. Pure.
[[nodiscard]] std::uint64_t PossibleXfsBlocks(std::uint32_t block_size, std::uint32_t group_blocks,
                                              std::uint64_t disk_size);

}  // namespace nvmeof::mount
