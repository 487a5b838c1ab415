// Users: who uses a disk or a mount, on the whole machine and not only in our mount namespace.
// Answers from procfs alone and never touches the disk or its file system: either may be dead.
//
// Costs one look at each process of the machine. It is meant for the end of a volume and for a
// message, not for anything that runs on its own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "mount/device.h"
#include "mount/device_use.h"
#include "mount/mount_table.h"
#include "mount/process_table.h"

namespace nvmeof::mount {

// Immutable; safe to use from several threads.
class Users {
 public:
  explicit Users(std::string proc_root) : processes_(std::move(proc_root)) {}

  // Our own mount namespace; an error is an error.
  absl::StatusOr<MountTable> Table() const;

  // Mounts and published nodes in all mount namespaces (ours first), then swap. A namespace that no
  // process lives in (kept by a bind mount or a descriptor only) is not found.
  absl::StatusOr<std::vector<DeviceUse>> UsesOf(const Device& device) const {
    return UsesBeyond(device, {});
  }

  // The same without our own mounts at these paths, and without their copies elsewhere that an
  // unmount of them takes away.
  absl::StatusOr<std::vector<DeviceUse>> UsesBeyond(const Device& device,
                                                    const std::vector<std::string>& paths) const;

  // Processes other than ours that have the device node open under its own name. An open by
  // another name (a container's own node) is not found, and a short one may be a passing look by
  // udev.
  absl::StatusOr<std::vector<DeviceUse>> OpenersOf(const Device& device) const;

  // What keeps the topmost mount at `path` busy, in words: mounts on top of it, and processes that
  // have a file, their folder, their root or their program in it. A copy of it that another mount
  // namespace received by propagation is part of it, because the kernel unmounts all or none.
  // What cannot be read is left out: this is for a message.
  std::vector<std::string> HoldersOf(const std::string& path) const;

 private:
  ProcessTable processes_;
};

}  // namespace nvmeof::mount
