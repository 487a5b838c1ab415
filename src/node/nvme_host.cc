#include "node/nvme_host.h"

#include <vector>

#include "base/status_macros.h"

namespace nvmeof::node {

absl::StatusOr<std::optional<nvme::Subsystem>> NvmeHost::Look(const volume::Nqn& subsystem) const {
  ASSIGN_OR_RETURN(std::optional<nvme::Subsystem> found, topology.Find(subsystem));
  if (found.has_value()) KeepOwn(*found);
  return found;
}

void NvmeHost::KeepOwn(nvme::Subsystem& subsystem) const {
  std::erase_if(subsystem.controllers, [this](const nvme::Controller& controller) {
    return controller.host_nqn != identity.nqn.text();
  });
}

}  // namespace nvmeof::node
