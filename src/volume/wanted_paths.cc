#include "volume/wanted_paths.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "base/json.h"
#include "base/status_macros.h"

namespace nvmeof::volume {
namespace {

bool SameFamily(const Path& path) {
  return path.host.address.empty() || IsIpv6(path.host.address) == IsIpv6(path.portal.address);
}

bool IsFor(const std::string& transport, const HostSide& side) {
  if (transport == kFibreChannel) return IsFibreChannel(side.address);
  if (IsFibreChannel(side.address)) return false;
  return transport == kTcp || side.interface.empty();
}

std::vector<HostSide> SidesFor(const std::string& transport, const std::vector<HostSide>& all) {
  std::vector<HostSide> sides;
  absl::c_copy_if(all, std::back_inserter(sides),
                  [&](const HostSide& side) { return IsFor(transport, side); });
  if (sides.empty() && transport != kFibreChannel) sides.emplace_back();
  return sides;
}

// All that can be, of portals of one transport.
std::vector<Path> Pairs(const std::vector<Portal>& portals, const std::vector<HostSide>& sides) {
  std::vector<Path> paths;
  if (sides.empty()) return paths;
  // Both lists are walked in step. That meets the same pairs again after `round` steps, so each
  // round begins one host side further; the rounds together meet each pair once.
  const std::size_t round = std::lcm(portals.size(), sides.size());
  for (std::size_t i = 0; i < portals.size() * sides.size(); ++i) {
    Path path{portals[i % portals.size()], sides[(i + i / round) % sides.size()]};
    if (SameFamily(path)) paths.push_back(std::move(path));
  }
  return paths;
}

// By transport, in the order in which the transports come first.
std::vector<std::vector<Portal>> Groups(const std::vector<Portal>& portals) {
  std::vector<std::vector<Portal>> groups;
  for (const Portal& portal : portals) {
    const auto group = absl::c_find_if(
        groups, [&](const auto& each) { return each.front().transport == portal.transport; });
    if (group == groups.end()) {
      groups.push_back({portal});
    } else {
      group->push_back(portal);
    }
  }
  return groups;
}

const Portal* FirstOtherThan(const std::string& transport, const std::vector<Portal>& portals) {
  const auto found =
      absl::c_find_if(portals, [&](const Portal& portal) { return portal.transport != transport; });
  return found == portals.end() ? nullptr : &*found;
}

bool HasPortalOf(const std::string& transport, const Target& target) {
  return absl::c_any_of(target.portals,
                        [&](const Portal& portal) { return portal.transport == transport; });
}

absl::Status RefuseKey(absl::string_view key, absl::string_view value, absl::string_view reason) {
  return absl::FailedPreconditionError(
      absl::StrCat("parameter ", key, ": ", base::QuoteJson(value), " ", reason));
}

absl::Status CheckDigests(const Target& target, const ConnectOptions& options) {
  const Portal* const other = FirstOtherThan(kTcp, target.portals);
  if (other == nullptr || (!options.hdr_digest && !options.data_digest)) return absl::OkStatus();
  return RefuseKey(
      options.hdr_digest ? "hdrDigest" : "dataDigest", "true",
      absl::StrCat("is for tcp only, and the volume has the portal ", FormatPortal(*other)));
}

absl::Status CheckSide(const Target& target, const HostSide& side) {
  if (IsFibreChannel(side.address) && !HasPortalOf(kFibreChannel, target)) {
    return RefuseKey("hostTraddr", side.address,
                     "is a Fibre Channel port, and no portal of the volume is of fc");
  }
  if (!side.interface.empty() && !HasPortalOf(kTcp, target)) {
    return RefuseKey("hostIface", side.interface,
                     "is for tcp only, and no portal of the volume is");
  }
  const bool ip = !side.address.empty() && !IsFibreChannel(side.address);
  if (ip && FirstOtherThan(kFibreChannel, target.portals) == nullptr) {
    return RefuseKey("hostTraddr", side.address,
                     "is an IP address, and all portals of the volume are of fc");
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Path> WantedPaths(const Target& target, const AttachPolicy& policy) {
  std::vector<std::vector<Path>> by_transport;
  std::size_t longest = 0;
  std::size_t all = 0;
  for (const std::vector<Portal>& group : Groups(target.portals)) {
    by_transport.push_back(Pairs(group, SidesFor(group.front().transport, policy.host_sides)));
    longest = std::max(longest, by_transport.back().size());
    all += by_transport.back().size();
  }
  const std::size_t most = policy.max_paths == 0 ? all : static_cast<std::size_t>(policy.max_paths);
  std::vector<Path> paths;
  for (std::size_t i = 0; i < longest; ++i) {
    for (const std::vector<Path>& each : by_transport) {
      if (i < each.size() && paths.size() < most) paths.push_back(each[i]);
    }
  }
  return paths;
}

absl::Status CheckTransports(const Target& target, const AttachPolicy& policy) {
  RETURN_IF_ERROR(CheckDigests(target, policy.connect));
  for (const HostSide& side : policy.host_sides) RETURN_IF_ERROR(CheckSide(target, side));
  const bool has_port = absl::c_any_of(
      policy.host_sides, [](const HostSide& side) { return IsFibreChannel(side.address); });
  if (has_port || !HasPortalOf(kFibreChannel, target)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "parameter hostTraddr: it must name a Fibre Channel port of the node, as nn-0x<16 hex "
      "digits>:pn-0x<16 hex digits>, because the volume has a portal of fc");
}

}  // namespace nvmeof::volume
