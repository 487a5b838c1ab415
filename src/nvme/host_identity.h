// Who this node is to a target: found in the host's files, or derived from the machine and kept.
//
// The host NQN is also the node's id to the orchestrator, so it must not change in the node's life
// and must not be another node's: machines that share one share each other's volumes.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "nvme/fabric.h"
#include "volume/uuid.h"

namespace nvmeof::nvme {

struct HostIdentityFiles {
  std::string nqn = "/etc/nvme/hostnqn";
  std::string id = "/etc/nvme/hostid";
  std::string product_uuid = "/sys/class/dmi/id/product_uuid";
  std::string machine_id = "/etc/machine-id";
};

// The NQN is that of its file. Where the file is absent or empty, the NQN is made of the machine's
// UUID (the firmware's, else the machine id) and written to the file, so that it stays when the
// machine's UUID changes. The host id is that of its file, else the UUID in the NQN, else the
// machine's UUID, kept in its file. A second call answers the same.
//
// FailedPrecondition, naming the file and what to do: a file that holds no NQN or UUID, or a UUID
// that many machines share; or a machine without a UUID of its own. Other codes: those of base/file
// when a file cannot be written.
[[nodiscard]] absl::StatusOr<HostIdentity> LoadHostIdentity(const HostIdentityFiles& files);

// True for a UUID that firmware or images carry which nobody completed. Pure.
[[nodiscard]] bool IsTemplate(const volume::Uuid& uuid);

}  // namespace nvmeof::nvme
