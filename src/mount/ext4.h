// Ext4: ext4 by e2fsprogs and by the kernel's own resize call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mount/fs_type.h"

namespace nvmeof::mount {

class Ext4 final : public FsType {
 public:
  std::uint64_t least_bytes() const override;
  std::vector<std::string> FormatCommand(const std::string& path) const override;
  absl::Status Check(const OpenedDevice& device, base::CommandRunner& runner,
                     absl::Time deadline) const override;
  absl::StatusOr<bool> IsUnfinished(const OpenedDevice& device) const override;
  absl::StatusOr<Extent> Measure(const OpenedDevice& device, int mount) const override;
  absl::Status Grow(int mount, std::uint64_t blocks) const override;
};

// What an exit code of e2fsck -p means. Pure.
[[nodiscard]] absl::Status CheckerVerdict(const std::string& device,
                                          const base::CommandResult& result);

}  // namespace nvmeof::mount
