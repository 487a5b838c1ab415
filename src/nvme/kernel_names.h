// The shapes of the names that the kernel gives to NVMe objects. A name is checked before it
// becomes part of a path in sysfs. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace nvmeof::nvme {

[[nodiscard]] bool IsControllerName(absl::string_view name);  // "nvme3"
[[nodiscard]] bool IsSubsystemName(absl::string_view name);   // "nvme-subsys3"

// "nvme3n1": a disk that users can open, neither the hidden disk of one path ("nvme3c4n1") nor a
// partition ("nvme3n1p1").
[[nodiscard]] bool IsDiskName(absl::string_view name);

// "nvme3c4n1": the hidden disk of one path.
[[nodiscard]] bool IsPathDiskName(absl::string_view name);

}  // namespace nvmeof::nvme
