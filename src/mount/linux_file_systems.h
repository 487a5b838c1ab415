// LinuxFileSystems: the FileSystems of this machine: libblkid and our own reads to probe, mkfs and
// e2fsck to make and mend, and the kernel's own calls to grow. A mounted volume that needs nothing
// costs no process.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/command.h"
#include "mount/ext4.h"
#include "mount/filesystem.h"
#include "mount/opened_device.h"
#include "mount/xfs.h"

namespace nvmeof::mount {

// Immutable; safe to use from several threads on different devices. Borrows the runner. The tools
// get the device as it was opened and checked, not by its name. Needs CAP_SYS_ADMIN, and
// CAP_SYS_RESOURCE to grow ext4.
class LinuxFileSystems final : public FileSystems {
 public:
  explicit LinuxFileSystems(base::CommandRunner& runner,
                            DeviceCheck check = DeviceCheck::kBlockDevice)
      : runner_(runner), check_(check) {}

  absl::StatusOr<std::unique_ptr<DeviceHold>> Hold(const Device& device) override;
  absl::StatusOr<ProbeResult> Probe(const Device& device) override;
  absl::Status Format(const Device& device, const FormatOptions& options,
                      absl::Time deadline) override;
  absl::Status Check(const Device& device, const std::string& fs_type,
                     absl::Time deadline) override;
  absl::Status Grow(const Device& device, const std::string& fs_type, const std::string& mount_path,
                    absl::Time deadline) override;
  absl::StatusOr<bool> NeedsGrowth(const Device& device, const std::string& fs_type,
                                   const std::string& mount_path) override;
  absl::Status SetReadOnly(const Device& device, bool read_only) override;

 private:
  absl::StatusOr<const FsType*> Find(const std::string& name) const;
  absl::StatusOr<ProbeResult> ProbeOpened(const OpenedDevice& device) const;
  absl::Status Make(const FsType& fs_type, const OpenedDevice& device, absl::Time deadline);

  base::CommandRunner& runner_;
  const DeviceCheck check_;
  const Ext4 ext4_;
  const Xfs xfs_;
};

}  // namespace nvmeof::mount
