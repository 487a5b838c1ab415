// DeviceUse: one use that would break if a block device went away, and whose it is. Pure.
//
// What counts as a use, in each mount namespace for itself:
//   - every mount of the disk's file system. A mount that is only there because the namespace was
//     cloned while the file system was mounted (a service with PrivateTmp, a container) is one like
//     any other: it keeps the file system alive, and its processes would lose their disk. An
//     unmount takes such copies away by propagation; one that is still there was made private, and
//     nothing will take it away.
//   - every bind mount of the device node out of devtmpfs: a published raw block volume.
//   - the same for the disk's partitions, and swap on either.
// A bind mount of a device node that has been deleted belongs to an earlier disk of that name and
// does not count.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "mount/device.h"
#include "mount/mount_table.h"

namespace nvmeof::mount {

struct Process {
  int pid = 0;
  std::string program;  // its name as the kernel keeps it, at most 15 bytes

  friend bool operator==(const Process&, const Process&) = default;
};

struct DeviceUse {
  enum class Kind { kMount, kPublishedBlock, kSwap, kOpen };

  Kind kind = Kind::kMount;
  std::string
      path;  // where, in the words of that mount namespace; of swap and open the node's name

  // One process of the mount namespace, or the one that has the node open. Pid 0: our own mount
  // namespace, or the kernel itself.
  Process process;

  friend bool operator==(const DeviceUse&, const DeviceUse&) = default;
};

// "postgres (pid 4711)".
[[nodiscard]] std::string Describe(const Process& process);

// "mounted at /data in the mount namespace of postgres (pid 4711)".
[[nodiscard]] std::string Describe(const DeviceUse& use);

// The first five, then "and N more".
[[nodiscard]] std::string DescribeFirst(const std::vector<std::string>& all);
[[nodiscard]] std::string DescribeUses(const std::vector<DeviceUse>& all);

// The uses that a table shows; `process` becomes that of each.
[[nodiscard]] std::vector<DeviceUse> UsesIn(const MountTable& table, const Device& device,
                                            const Process& process);

// Swap on the device, as /proc/swaps tells it. A file that is swapped to is found as the mount that
// it lies on.
[[nodiscard]] std::vector<DeviceUse> SwapOn(absl::string_view swaps, const Device& device);

// False when no line of mountinfo can be a use: saves parsing it. May be true for nothing.
[[nodiscard]] bool MayUse(absl::string_view mountinfo, const Device& device);

}  // namespace nvmeof::mount
