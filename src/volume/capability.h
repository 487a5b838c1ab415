// VolumeCapability: how a workload wants to use a volume. Checked values only: the edge refuses
// what this driver does not offer before it makes one.
#pragma once

#include <string>
#include <vector>

namespace nvmeof::volume {

// The numbers are those of CSI; they stand in stage records.
enum class AccessMode {
  kSingleNodeWriter = 1,
  kSingleNodeReaderOnly = 2,
  kMultiNodeReaderOnly = 3,
  kMultiNodeSingleWriter = 4,
  kMultiNodeMultiWriter = 5,
  kSingleNodeSingleWriter = 6,  // one workload at a time
  kSingleNodeMultiWriter = 7,   // many workloads of one node
};

struct VolumeCapability {
  bool block = false;                    // raw block; the next three are empty then
  std::string fs_type;                   // "ext4" or "xfs"
  std::vector<std::string> mount_flags;  // one option each, as for mount -o
  std::string mount_group;               // decimal gid, or empty
  AccessMode mode = AccessMode::kSingleNodeWriter;

  friend bool operator==(const VolumeCapability&, const VolumeCapability&) = default;
};

// Several nodes at a time.
[[nodiscard]] constexpr bool IsMultiNode(AccessMode mode) {
  return mode == AccessMode::kMultiNodeReaderOnly || mode == AccessMode::kMultiNodeSingleWriter ||
         mode == AccessMode::kMultiNodeMultiWriter;
}

// Nobody writes, whatever the request's readonly flag says.
[[nodiscard]] constexpr bool IsReadOnly(AccessMode mode) {
  return mode == AccessMode::kSingleNodeReaderOnly || mode == AccessMode::kMultiNodeReaderOnly;
}

// NodePublishVolume at a second path of the same node is OK (CSI specification,
// "NodePublishVolume", second table); for the other modes it is FailedPrecondition.
[[nodiscard]] constexpr bool MayPublishAtSeveralPaths(AccessMode mode) {
  return IsMultiNode(mode) || mode == AccessMode::kSingleNodeMultiWriter;
}

}  // namespace nvmeof::volume
