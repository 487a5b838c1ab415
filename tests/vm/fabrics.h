// Fabrics without hardware, beside the lab's network: RDMA over a software device of the kernel,
// and Fibre Channel whose two ends are in one machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/vm/exported.h"

namespace nvmeof::testing {

// Two portals that this host reaches each over a link of its own. One thread at a time. Destruction
// takes the links away; nothing may be connected then.
class Fabric {
 public:
  static constexpr int kPortals = 2;

  virtual ~Fabric() = default;
  virtual std::string portal(int number) const = 0;  // in the words of --portal
  virtual std::string host_address() const = 0;      // of this host; empty = any

  // The link of that portal breaks, and is there again if it can be, with what is exported by it.
  virtual absl::Status Cut(int portal) = 0;
  virtual bool heals() const = 0;
  virtual absl::Status Heal(int portal, Exported& exported) = 0;
};

// 10.78.0.1 and 10.78.1.1, each on an rxe device. Cut = the device goes, as when its driver is
// unloaded or its firmware starts again. When it is back, the target listens there once its port is
// linked again: Linux 6.12 does not do it by itself.
absl::StatusOr<std::unique_ptr<Fabric>> MakeSoftRdma();

// Two remote ports of one local port, by the kernel's fcloop, with names that no port had before.
// Cut = the remote port goes. It does not heal: Linux 6.12 forgets which target port a remote port
// led to, and gives no association to a target port with the name of an earlier one.
absl::StatusOr<std::unique_ptr<Fabric>> MakeLoopedFibreChannel();

}  // namespace nvmeof::testing
