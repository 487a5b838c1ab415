// Health: what a Probe asks of the machine and of the storage, in time for its caller.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "backend/backends.h"
#include "base/clock.h"

namespace nvmeof::csi {

// Of a node: NotFound when the kernel offers no NVMe over Fabrics, because its module is not
// loaded. Does not block.
[[nodiscard]] absl::Status CheckFabricsDevice(const std::string& path = "/dev/nvme-fabrics");

// Of a controller: OK when one backend answers; otherwise what each of them said. A single volume's
// place may be down without harm to the others. Blocks for a second at most.
[[nodiscard]] absl::Status CheckBackends(const backend::Backends& backends,
                                         const base::Clock& clock);

}  // namespace nvmeof::csi
