// LinuxMounter: the Mounter of this machine, by the kernel's mount calls of Linux 5.12 and later
// (fsopen, open_tree, mount_setattr, move_mount): options reach the file system one by one, its
// words come back, and a mount is complete before anybody can see it.
//
// Nothing is added to the options that were asked for. In particular a file system is mounted
// without "discard": freed blocks then wait for an fstrim, and a large unlink does not become a
// storm of TRIM commands on the fabric. XFS is mounted without "nouuid", so that the kernel's check
// against mounting one volume twice stays.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "mount/mounter.h"
#include "mount/users.h"

namespace nvmeof::mount {

// Immutable; safe to use from several threads. Needs CAP_SYS_ADMIN.
class LinuxMounter final : public Mounter {
 public:
  explicit LinuxMounter(std::string proc_root = "/proc") : users_(std::move(proc_root)) {}

  absl::Status Mount(const MountRequest& request) override;
  absl::Status BindMount(const std::string& source, const std::string& target,
                         Access access) override;
  absl::Status Unmount(const std::string& path) override;
  absl::Status UnmountLazily(const std::string& path) override;
  absl::StatusOr<MountTable> Table() const override;
  absl::StatusOr<std::vector<DeviceUse>> UsesOf(const Device& device) const override;
  absl::StatusOr<std::vector<DeviceUse>> UsesBeyond(
      const Device& device, const std::vector<std::string>& paths) const override;
  absl::StatusOr<std::vector<DeviceUse>> OpenersOf(const Device& device) const override;
  absl::StatusOr<PathKind> Kind(const std::string& path) const override;
  absl::Status MakeDirectory(const std::string& path) override;
  absl::Status MakeFile(const std::string& path) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::optional<base::DeviceNumber>> BlockDevice(
      const std::string& path) const override;

 private:
  Users users_;
};

}  // namespace nvmeof::mount
