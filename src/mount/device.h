// Device: which block device is meant, by name and number.
#pragma once

#include <string>

#include "base/device_number.h"

namespace nvmeof::mount {

// The node at `path` must be the block device `number`, or every call that acts on it answers
// FailedPrecondition: a name that moved is never acted on.
struct Device {
  std::string path;
  base::DeviceNumber number;
};

}  // namespace nvmeof::mount
