// MountOptions: the words of a mount flag list, sorted into what the kernel wants where. Pure.
//
// The kernel takes options one by one (fsconfig), so nothing is joined with commas and no value can
// smuggle in a second option. What a file system does not know, it refuses itself, in its own
// words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "mount/mounter.h"

namespace nvmeof::mount {

// A word for the file system: "discard", or "errors" with the value "remount-ro".
struct MountParameter {
  std::string key;
  std::string value;
  bool has_value = false;

  friend bool operator==(const MountParameter&, const MountParameter&) = default;
};

struct MountOptions {
  std::uint64_t attributes = 0;  // MOUNT_ATTR_* of the mount
  std::vector<MountParameter> parameters;

  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

// Read-only access wins over "rw"; of contradicting words the last wins; repeated ones are fine. A
// value may stand in double quotes, as SELinux contexts do, and only there hold commas. Words that
// are for mount(8) alone and harmless ("defaults", "_netdev") are dropped.
//
// InvalidArgument naming the word: empty, with control characters or bare commas; one that would
// make another operation of the mount ("bind", "remount"), that needs mount(8)'s help ("loop",
// "x-..."), or that leads to another device ("logdev=", "source=").
[[nodiscard]] absl::StatusOr<MountOptions> ParseMountOptions(
    const std::vector<std::string>& options, Access access);

}  // namespace nvmeof::mount
