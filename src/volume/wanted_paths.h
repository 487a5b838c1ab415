// WantedPaths: the paths that a volume should have on this node. Pure.
#pragma once

#include <vector>

#include "absl/status/status.h"

#include "volume/connect_options.h"
#include "volume/path.h"
#include "volume/target.h"

namespace nvmeof::volume {

// Portals times host sides, each pair once, without those that cannot be, cut at max_paths. A
// Fibre Channel port reaches portals of fc, an IP address portals of tcp and rdma of its own
// family, an interface portals of tcp. Where no host side is for tcp, or none for rdma, the kernel
// chooses. Neighbours differ in transport, in portal and in host side wherever they can, so that
// the first paths, and what a cut leaves, depend on as few common parts as possible.
[[nodiscard]] std::vector<Path> WantedPaths(const Target& target, const AttachPolicy& policy);

// FailedPrecondition for a policy that the transports of the target's portals cannot meet: an
// option that one of them refuses, fc without a port of the node, host sides that are for none of
// them.
[[nodiscard]] absl::Status CheckTransports(const Target& target, const AttachPolicy& policy);

}  // namespace nvmeof::volume
