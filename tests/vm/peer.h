// A host of another's: paths that somebody else than the node plugin connected, and the kernel's
// NVMe host as a boot option would make it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nvmeof::testing {

struct Host {
  std::string nqn;
  std::string id;
};

// One path through TCP port 4420, as the kernel makes it; its controller ("nvme3"). `options` are
// more of the kernel's own words. The kernel's errno as Status.
absl::StatusOr<std::string> ConnectByHand(const Host& host, const std::string& subsystem,
                                          const std::string& portal,
                                          const std::string& options = "reconnect_delay=1");

// The same by nvme-cli, from whichever address.
absl::Status ConnectByNvmeCli(const Host& host, const std::string& subsystem,
                              const std::string& portal);

// Returns when it is gone, whoever connected it. Gone already is OK.
absl::Status DisconnectByHand(const std::string& controller);

// The kernel gives the controller up the next time that it fails to connect it again.
absl::Status LoseAtNextTry(const std::string& controller);

// Loads the kernel's NVMe modules anew, nvme-core with these parameters: all connections and all
// of the kernel target must be gone.
absl::Status LoadNvme(const std::string& parameters);

}  // namespace nvmeof::testing
