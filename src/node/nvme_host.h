// NvmeHost: the kernel's NVMe host as the node half uses it, in one parameter.
#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "nvme/fabric.h"
#include "nvme/portal_probe.h"
#include "nvme/topology.h"
#include "nvme/uevents.h"
#include "volume/nqn.h"

namespace nvmeof::node {

// All borrowed.
struct NvmeHost {
  const nvme::HostIdentity& identity;  // controllers of another host NQN are not ours to count
  const nvme::Topology& topology;
  nvme::Fabric& fabric;
  nvme::Uevents& uevents;
  nvme::PortalProbe& probe;

  // The subsystem without the controllers that somebody else connected under another host NQN.
  [[nodiscard]] absl::StatusOr<std::optional<nvme::Subsystem>> Look(
      const volume::Nqn& subsystem) const;

  // Takes the controllers of other host NQNs out of the picture.
  void KeepOwn(nvme::Subsystem& subsystem) const;
};

}  // namespace nvmeof::node
