// WantedPaths: the paths that a volume should have on this node.
#pragma once

#include <vector>

#include "volume/connect_options.h"
#include "volume/path.h"
#include "volume/target.h"

namespace nvmeof::volume {

// Portals times host sides, each pair once, without those whose two addresses are of different IP
// families, cut at max_paths. Neighbours differ in portal and in host side wherever they can, so
// that the first paths, and what a cut leaves, depend on as few common parts as possible.
[[nodiscard]] std::vector<Path> WantedPaths(const Target& target, const AttachPolicy& policy);

}  // namespace nvmeof::volume
