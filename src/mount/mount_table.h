// MountTable: what is mounted where in this mount namespace, parsed from mountinfo. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/device_number.h"

namespace nvmeof::mount {

// One line of mountinfo (proc_pid_mountinfo(5)), octal escapes undone.
struct MountPoint {
  int id = 0;
  int parent_id = 0;
  base::DeviceNumber device;  // of the file system: a mounted ext4's is its disk; a bind-mounted
                              // device node's is that of devtmpfs
  std::string root;           // which part of the file system: "/" or "/nvme0n1"
  bool root_deleted = false;  // that part has no name any more: the device node went away
  std::string path;           // where
  bool read_only = false;     // of this mount
  std::string fs_type;
  std::string source;
  std::vector<std::string> options;        // of this mount
  std::vector<std::string> super_options;  // of the file system
  int peer_group = 0;  // mounts that share what is mounted in them, in all namespaces; 0 if private
  int master_group = 0;  // the group that this mount only receives from

  friend bool operator==(const MountPoint&, const MountPoint&) = default;
};

// Immutable.
class MountTable {
 public:
  explicit MountTable(std::vector<MountPoint> mounts) : mounts_(std::move(mounts)) {}

  // InvalidArgument with the line that has another shape.
  [[nodiscard]] static absl::StatusOr<MountTable> Parse(absl::string_view mountinfo);

  // All mounts stacked at exactly this path, the topmost last: what Unmount takes away one by one.
  // One that is hidden by a later mount on a parent folder is not at the path any more.
  std::vector<MountPoint> At(absl::string_view path) const;

  // All mounts of the file system with this device number, hidden ones included.
  std::vector<MountPoint> Of(base::DeviceNumber device) const;

  const std::vector<MountPoint>& all() const { return mounts_; }

 private:
  bool IsHidden(const MountPoint& mount) const;

  std::vector<MountPoint> mounts_;
};

}  // namespace nvmeof::mount
