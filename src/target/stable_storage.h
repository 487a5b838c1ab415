// Which file systems can hold volumes: the kernel target opens files with O_DIRECT and acknowledges
// a host's flush, so the file system must offer the one and survive a power cut after the other.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace nvmeof::target {

// OK for a folder on ext4, xfs or btrfs that is mounted for writing. FailedPrecondition otherwise,
// with what it is on and why that cannot do. NotFound when the folder is absent.
[[nodiscard]] absl::Status RequireStableStorage(const std::string& directory);

}  // namespace nvmeof::target
