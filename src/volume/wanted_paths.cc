#include "volume/wanted_paths.h"

#include <cstddef>
#include <numeric>

namespace nvmeof::volume {
namespace {

bool SameFamily(const Path& path) {
  return path.host.address.empty() || IsIpv6(path.host.address) == IsIpv6(path.portal.address);
}

}  // namespace

std::vector<Path> WantedPaths(const Target& target, const AttachPolicy& policy) {
  const std::vector<Portal>& portals = target.portals;
  const std::vector<HostSide> any_side(1);
  const std::vector<HostSide>& sides = policy.host_sides.empty() ? any_side : policy.host_sides;
  const std::size_t all = portals.size() * sides.size();
  const std::size_t most = policy.max_paths == 0 ? all : static_cast<std::size_t>(policy.max_paths);
  // Both lists are walked in step. That meets the same pairs again after `round` steps, so each
  // round begins one host side further; the rounds together meet each pair once.
  const std::size_t round = std::lcm(portals.size(), sides.size());

  std::vector<Path> paths;
  for (std::size_t i = 0; i < all && paths.size() < most; ++i) {
    Path path{portals[i % portals.size()], sides[(i + i / round) % sides.size()]};
    if (SameFamily(path)) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace nvmeof::volume
