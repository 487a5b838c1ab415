// DeviceNumber: the kernel's own name of a block device, the one that cannot be confused by
// renaming.
#pragma once

#include <compare>
#include <string>

#include "absl/strings/str_cat.h"

namespace nvmeof::base {

struct DeviceNumber {
  unsigned major = 0;
  unsigned minor = 0;

  friend bool operator==(const DeviceNumber&, const DeviceNumber&) = default;
  friend auto operator<=>(const DeviceNumber&, const DeviceNumber&) = default;
};

// "259:1", as sysfs and mountinfo write it.
[[nodiscard]] inline std::string Describe(DeviceNumber number) {
  return absl::StrCat(number.major, ":", number.minor);
}

}  // namespace nvmeof::base
