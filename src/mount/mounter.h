// Mounter: the seam over mount(2) and its kin. It reports what the kernel did, and unmounts lazily
// only where it is asked to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "base/device_number.h"
#include "mount/device.h"
#include "mount/device_use.h"
#include "mount/mount_table.h"

namespace nvmeof::mount {

enum class Access { kReadWrite, kReadOnly };

struct MountRequest {
  std::string source;  // device path
  std::string target;  // existing folder
  std::string fs_type;
  std::vector<std::string>
      options;  // CSI mount_flags: generic ones ("noatime") and the file system's own
  Access access = Access::kReadWrite;
};

// What a path is, without following a symbolic link at its end.
enum class PathKind { kAbsent, kDirectory, kFile, kOther };

// Safe to use from several threads. Errors are those of ErrnoStatus, with paths in the message.
// Links at the end of a path are never followed. A call blocks for as long as the disk under it
// does not answer.
class Mounter {
 public:
  virtual ~Mounter() = default;

  // InvalidArgument: an option that is malformed, refused by us or unknown to the file system.
  // FailedPrecondition: the file system refuses what it finds on the disk, or is mounted there
  // already. The message has the kernel's own words where it gives them.
  virtual absl::Status Mount(const MountRequest& request) = 0;

  // `source` is a folder, or a device node when `target` is a file. Propagation of the new mount is
  // that of its parent.
  virtual absl::Status BindMount(const std::string& source, const std::string& target,
                                 Access access) = 0;

  // The topmost mount at the path. A path that is not a mount point is OK. FailedPrecondition when
  // busy, naming who holds it.
  virtual absl::Status Unmount(const std::string& path) = 0;

  // The same, whoever uses it: they keep what they have open, and the path is free. Only for a bind
  // mount of a device node whose disk is gone, which has no data to write back; anybody who goes on
  // trying to open it would keep it busy for ever.
  virtual absl::Status UnmountLazily(const std::string& path) = 0;

  // As the kernel shows it now.
  virtual absl::StatusOr<MountTable> Table() const = 0;

  // Who would lose their disk if the device went away, in all mount namespaces of the machine:
  // mounts, published nodes, swap. Touches neither the device nor its file system, but looks at
  // every process: not for an idle tick.
  virtual absl::StatusOr<std::vector<DeviceUse>> UsesOf(const Device& device) const = 0;

  // The same without our own mounts at these paths, and without their copies in other mount
  // namespaces that an unmount of them takes away.
  virtual absl::StatusOr<std::vector<DeviceUse>> UsesBeyond(
      const Device& device, const std::vector<std::string>& paths) const = 0;

  // Other processes that have the device's node open, as far as it can be told in the same way. A
  // look by udev is one of them, so this is for a message and hinders nobody.
  virtual absl::StatusOr<std::vector<DeviceUse>> OpenersOf(const Device& device) const = 0;

  virtual absl::StatusOr<PathKind> Kind(const std::string& path) const = 0;

  // Makes the folder (0750) or the empty file (0640) that a mount needs; the parent must exist. An
  // existing one of that kind is OK, of another kind FailedPrecondition.
  virtual absl::Status MakeDirectory(const std::string& path) = 0;
  virtual absl::Status MakeFile(const std::string& path) = 0;

  // Removes an empty folder or an empty file that is no mount point; absent is OK.
  // FailedPrecondition for all else: it never descends.
  virtual absl::Status Remove(const std::string& path) = 0;

  // The block device that the node at `path` (also a bind mount of one) leads to; nothing when
  // there is no block device.
  virtual absl::StatusOr<std::optional<base::DeviceNumber>> BlockDevice(
      const std::string& path) const = 0;
};

}  // namespace nvmeof::mount
