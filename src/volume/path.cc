#include "volume/path.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/json.h"
#include "base/status_macros.h"

namespace nvmeof::volume {
namespace {

constexpr absl::string_view kDefaultService = "4420";
constexpr absl::string_view kSchemeEnd = "://";
constexpr int kLargestPort = 65535;

absl::Status Refuse(absl::string_view what, absl::string_view text, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " ", base::QuoteJson(text), " is not allowed: ", reason));
}

bool IsOneHost(const in_addr& address) {
  return address.s_addr != INADDR_ANY && !IN_MULTICAST(ntohl(address.s_addr)) &&
         address.s_addr != INADDR_BROADCAST;
}

bool IsOneHost(const in6_addr& address) {
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address) &&
         !IN6_IS_ADDR_LINKLOCAL(&address);
}

std::string Bracketed(const std::string& address) {
  return IsIpv6(address) ? absl::StrCat("[", address, "]") : address;
}

std::string HostAndPort(const Portal& portal) {
  return absl::StrCat(Bracketed(portal.address), ":", portal.service);
}

// "host", "host:port", "[host]" or "[host]:port"; the host may be anything.
struct Parts {
  absl::string_view host;
  absl::string_view port = kDefaultService;
};

bool Split(absl::string_view text, Parts& parts) {
  const bool bracketed = absl::ConsumePrefix(&text, "[");
  const std::size_t end = text.find(bracketed ? ']' : ':');
  parts.host = text.substr(0, end);
  // An IPv4 literal in brackets, or an IPv6 one without them, is another form than ours.
  if (bracketed != IsIpv6(parts.host)) return false;
  if (end == absl::string_view::npos) return !bracketed;
  text.remove_prefix(bracketed ? end + 1 : end);
  if (text.empty()) return true;
  parts.port = text.substr(1);
  return text.front() == ':';
}

// The port without leading zeros, so that one portal has one spelling; empty when it is none.
std::string CanonicalPort(absl::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  int port = 0;
  if (!digits || !absl::SimpleAtoi(text, &port) || port < 1 || port > kLargestPort) return "";
  return absl::StrCat(port);
}

}  // namespace

absl::StatusOr<std::string> CanonicalAddress(absl::string_view text) {
  const std::string terminated(text);
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  in_addr v4{};
  in6_addr v6{};
  // A NUL inside would hide what follows it.
  const bool whole = text.find('\0') == absl::string_view::npos;
  if (whole && ::inet_pton(AF_INET, terminated.c_str(), &v4) == 1 && IsOneHost(v4)) {
    return std::string(::inet_ntop(AF_INET, &v4, canonical.data(), canonical.size()));
  }
  if (whole && ::inet_pton(AF_INET6, terminated.c_str(), &v6) == 1 && IsOneHost(v6)) {
    return std::string(::inet_ntop(AF_INET6, &v6, canonical.data(), canonical.size()));
  }
  return Refuse("address", text,
                "it must be the IPv4 or IPv6 address of one host, without a zone id");
}

absl::StatusOr<Portal> ParsePortal(absl::string_view text) {
  Portal portal;
  absl::string_view rest = text;
  const std::size_t scheme = text.find(kSchemeEnd);
  if (scheme != absl::string_view::npos) {
    portal.transport = std::string(text.substr(0, scheme));
    rest.remove_prefix(scheme + kSchemeEnd.size());
  }
  if (portal.transport == kFibreChannel) {
    absl::StatusOr<std::string> address = CanonicalFibreChannel(rest);
    if (!address.ok()) return Refuse("portal", text, address.status().message());
    return Portal{kFibreChannel, *std::move(address), ""};
  }
  if (portal.transport != kTcp && portal.transport != kRdma) {
    return Refuse("portal", text, "the transport must be tcp, rdma or fc");
  }
  Parts parts;
  if (!Split(rest, parts)) {
    return Refuse("portal", text,
                  "the form is [tcp://]<address>[:<port>] or rdma://<address>[:<port>], IPv6 in "
                  "brackets");
  }
  absl::StatusOr<std::string> address = CanonicalAddress(parts.host);
  if (!address.ok()) return Refuse("portal", text, address.status().message());
  portal.address = *std::move(address);
  portal.service = CanonicalPort(parts.port);
  if (portal.service.empty()) return Refuse("portal", text, "the port must be from 1 to 65535");
  return portal;
}

std::string FormatPortal(const Portal& portal) {
  return absl::StrCat(portal.transport, kSchemeEnd,
                      portal.transport == kFibreChannel ? portal.address : HostAndPort(portal));
}

bool IsInterfaceName(absl::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return c > ' ' && c <= '~' && c != ',' && c != '/' && c != ':' && c != '%';
         });
}

std::string Describe(const Path& path) {
  std::string text =
      path.portal.transport == kTcp ? HostAndPort(path.portal) : FormatPortal(path.portal);
  if (path.host == HostSide{}) return text;
  absl::StrAppend(&text, " from ", path.host.address);
  if (!path.host.interface.empty()) absl::StrAppend(&text, "%", path.host.interface);
  return text;
}

}  // namespace nvmeof::volume
