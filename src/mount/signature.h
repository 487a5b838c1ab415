// Signature: what libblkid recognises on a device.
#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "mount/filesystem.h"
#include "mount/opened_device.h"

namespace nvmeof::mount {

// kFileSystem or kForeign with its name, or nothing when libblkid finds nothing, which alone does
// not make a disk blank. Errors: what could not be read.
[[nodiscard]] absl::StatusOr<std::optional<ProbeResult>> ReadSignature(const OpenedDevice& device);

}  // namespace nvmeof::mount
