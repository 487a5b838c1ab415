// HoldDisk: between the look that proved a disk's identity and the first touch of it, its number
// and name could be given to another disk. Whoever formats, mounts, grows or publishes takes a hold
// first, and looks once more while it lives: what was proven then is what is touched.
#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "mount/filesystem.h"
#include "node/attacher.h"
#include "nvme/topology.h"
#include "volume/target.h"

namespace nvmeof::node {

// `ns` is what a look at the target showed. Errors: those of Attacher::Find; Unavailable when the
// target has another disk by now, so that the caller's own retry finds it.
[[nodiscard]] absl::StatusOr<std::unique_ptr<mount::DeviceHold>> HoldDisk(
    mount::FileSystems& file_systems, const Attacher& attacher, const volume::Target& target,
    const nvme::Namespace& ns);

}  // namespace nvmeof::node
