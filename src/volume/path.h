// Portal, HostSide and Path: the two ends of a connection. One Path is one kernel controller when
// it is connected.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "volume/fibre_channel.h"

namespace nvmeof::volume {

// The transports of portals, in the kernel's own words.
inline constexpr char kTcp[] = "tcp";
inline constexpr char kRdma[] = "rdma";
inline constexpr char kFibreChannel[] = "fc";

// Where a target listens. With `transport` "tcp" and "rdma" `address` is an IPv4 or IPv6 literal in
// the canonical form of inet_ntop (the kernel resolves no names), `service` a decimal port; with
// "fc" the address is that of volume/fibre_channel.h and the service empty.
struct Portal {
  std::string transport = kTcp;
  std::string address;
  std::string service = "4420";

  friend bool operator==(const Portal&, const Portal&) = default;
  friend auto operator<=>(const Portal&, const Portal&) = default;
};

// "tcp://192.0.2.1:4420", "tcp://[2001:db8::1]:4420", "rdma://192.0.2.1:4420",
// "fc://nn-0x20000090fa942779:pn-0x20000090fa942780"; also without the scheme for tcp, and without
// the port for 4420. InvalidArgument with the text otherwise.
[[nodiscard]] absl::StatusOr<Portal> ParsePortal(absl::string_view text);
[[nodiscard]] std::string FormatPortal(const Portal& portal);

// The address in the canonical form of inet_ntop: one address has one spelling, so that paths can
// be compared. InvalidArgument with the text for all that is no address of one host: names, zone
// ids and the link-local IPv6 addresses that need them, "any" addresses, multicast.
[[nodiscard]] absl::StatusOr<std::string> CanonicalAddress(absl::string_view text);

// Of an address of a portal or host side.
[[nodiscard]] inline bool IsIpv6(absl::string_view address) {
  return address.find(':') != absl::string_view::npos && !IsFibreChannel(address);
}

// The node's end. An empty member leaves the choice to the kernel.
struct HostSide {
  std::string address;    // host_traddr: a local IP literal or Fibre Channel port, canonical
  std::string interface;  // host_iface: an interface name, at most 15 bytes; of tcp only

  friend bool operator==(const HostSide&, const HostSide&) = default;
  friend auto operator<=>(const HostSide&, const HostSide&) = default;
};

// True for a name that the kernel gives to an interface and that its option string can carry.
[[nodiscard]] bool IsInterfaceName(absl::string_view name);

// The kernel takes another host side on the same portal for another path, so equal wishes must
// always be spelled with equal options: "already connected" is decided by portal, host side and
// host NQN together.
struct Path {
  Portal portal;
  HostSide host;

  friend bool operator==(const Path&, const Path&) = default;
  friend auto operator<=>(const Path&, const Path&) = default;
};

// "10.0.0.1:4420", "10.0.0.1:4420 from 10.0.0.9%eth1" or "rdma://10.0.0.1:4420": for messages and
// logs.
[[nodiscard]] std::string Describe(const Path& path);

}  // namespace nvmeof::volume
