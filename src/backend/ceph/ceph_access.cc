#include "backend/ceph/ceph_access.h"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "base/status_macros.h"
#include "volume/path.h"

namespace nvmeof::backend {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);

CephHostList NqnsOf(const ::HostsReply& reply) {
  CephHostList hosts;
  for (const ::GatewayHost& each : reply.hosts()) hosts.push_back(each.nqn());
  return hosts;
}

template <typename Request>
Request About(const volume::Nqn& subsystem, const std::string& host) {
  Request request;
  request.set_subsystem_nqn(subsystem.text());
  request.set_host_nqn(host);
  return request;
}

template <typename Request>
void SetKeys(const volume::AuthenticationKeys& keys, Request& request) {
  request.set_dhchap_key(keys.host.text());
  if (keys.controller.has_value()) request.set_dhchap_ctrlr_key(keys.controller->text());
}

::CreateListenerRequest ListenerOf(const volume::Nqn& subsystem, const std::string& host,
                                   const volume::Portal& portal) {
  ::CreateListenerRequest listen;
  listen.set_nqn(subsystem.text());
  listen.set_host_name(host);
  listen.set_traddr(portal.address);
  listen.set_adrfam(volume::IsIpv6(portal.address) ? ::GATEWAY_ADDRESS_FAMILY_IPV6
                                                   : ::GATEWAY_ADDRESS_FAMILY_IPV4);
  std::uint32_t port = 0;
  if (absl::SimpleAtoi(portal.service, &port)) listen.set_trsvcid(port);
  return listen;
}

bool IsThere(const ::ListenersReply& listeners, const ::CreateListenerRequest& wanted) {
  return absl::c_any_of(listeners.listeners(), [&](const ::GatewayListener& each) {
    return each.host_name() == wanted.host_name() && each.traddr() == wanted.traddr() &&
           each.trsvcid() == wanted.trsvcid();
  });
}

}  // namespace

absl::StatusOr<CephAccess::Hosts> CephAccess::HostsOf(const volume::Nqn& subsystem,
                                                      absl::Time deadline) {
  ::ListHostsRequest which;
  which.set_subsystem(subsystem.text());
  ASSIGN_OR_RETURN(const ::HostsReply reply,
                   gateways_.Ask(gateway::kListHosts, which, deadline, {ENOENT, ENODEV}));
  return Hosts{NqnsOf(reply), reply.allow_any_host()};
}

absl::Status CephAccess::Add(const volume::Nqn& subsystem, const std::string& host,
                             const std::optional<volume::AuthenticationKeys>& keys,
                             absl::Time deadline) {
  auto add = About<::AddHostRequest>(subsystem, host);
  if (keys.has_value()) SetKeys(*keys, add);
  return gateways_.Ask(gateway::kAddHost, add, deadline, {EEXIST}).status();
}

absl::Status CephAccess::LetIn(const volume::Nqn& subsystem, const Hosts& hosts,
                               const Export& wanted, absl::Time deadline) {
  const std::string& host = wanted.host.text();
  if (!Includes(hosts.list, host)) return Add(subsystem, host, wanted.keys, deadline);
  // By an earlier call, whose keys may have been others.
  return wanted.keys.has_value() ? ChangeKeys(subsystem, host, *wanted.keys, deadline)
                                 : absl::OkStatus();
}

absl::Status CephAccess::ChangeKeys(const volume::Nqn& subsystem, const std::string& host,
                                    const volume::AuthenticationKeys& keys, absl::Time deadline) {
  auto change = About<::ChangeHostKeyRequest>(subsystem, host);
  SetKeys(keys, change);
  return gateways_.Ask(gateway::kChangeHostKey, change, deadline).status();
}

absl::Status CephAccess::Remove(const volume::Nqn& subsystem, const std::string& host,
                                absl::Time deadline) {
  const auto remove = About<::RemoveHostRequest>(subsystem, host);
  ASSIGN_OR_RETURN(const ::GatewayReply reply,
                   gateways_.Ask(gateway::kRemoveHost, remove, deadline, {ENOENT, ENODEV, EBUSY}));
  if (reply.status() != EBUSY) return absl::OkStatus();
  // It means two things: the host is out and still connected, or another call holds the lock of the
  // group.
  ASSIGN_OR_RETURN(const Hosts after, HostsOf(subsystem, deadline));
  if (!Includes(after.list, host)) return absl::OkStatus();
  return base::Annotate(GatewayStatus(reply.status(), reply.error_message()),
                        absl::StrCat("remove ", host, " from ", subsystem.text()));
}

absl::Status CephAccess::Listen(const volume::Nqn& subsystem, absl::Time deadline) {
  ::ListListenersRequest which;
  which.set_subsystem(subsystem.text());
  ASSIGN_OR_RETURN(const ::ListenersReply there,
                   gateways_.Ask(gateway::kListListeners, which, deadline));
  for (std::size_t gateway = 0; gateway < gateways_.all().size(); ++gateway) {
    const CephGatewayConfig& config = gateways_.all()[gateway];
    for (const volume::Portal& portal : config.portals) {
      const ::CreateListenerRequest listen = ListenerOf(subsystem, config.host, portal);
      if (IsThere(there, listen)) continue;
      // Any other gateway notes it down for the one that is away.
      RETURN_IF_ERROR(
          gateways_.AskFrom(gateway, gateway::kCreateListener, listen, deadline, {EEXIST, EREMOTE})
              .status());
    }
  }
  return absl::OkStatus();
}

absl::Status CephAccess::AwaitGone(const volume::Nqn& subsystem, const volume::Nqn& host,
                                   absl::Time deadline) {
  return AwaitEverywhere(
      absl::StrCat("serves ", subsystem.text(), " to ", host.text()), deadline,
      [&](std::size_t gateway) { return Serves(gateway, subsystem, host, deadline); });
}

absl::Status CephAccess::AwaitEverywhere(
    absl::string_view fault, absl::Time deadline,
    absl::FunctionRef<absl::StatusOr<bool>(std::size_t)> is_so) {
  for (std::size_t gateway = 0; gateway < gateways_.all().size();) {
    ASSIGN_OR_RETURN(const bool still, is_so(gateway));
    if (!still) {
      ++gateway;
      continue;
    }
    if (clock_.Now() + kLook >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("gateway ", gateways_.all()[gateway].address, " still ", fault));
    }
    clock_.SleepUntil(clock_.Now() + kLook);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CephAccess::Serves(std::size_t gateway, const volume::Nqn& subsystem,
                                        const volume::Nqn& host, absl::Time deadline) {
  ::ListHostsRequest hosts;
  hosts.set_subsystem(subsystem.text());
  ASSIGN_OR_RETURN(const ::HostsReply let_in, gateways_.AskOnly(gateway, gateway::kListHosts, hosts,
                                                                deadline, {ENOENT, ENODEV}));
  if (Includes(NqnsOf(let_in), host.text())) return true;
  ::ListConnectionsRequest connections;
  connections.set_subsystem(subsystem.text());
  ASSIGN_OR_RETURN(const ::ConnectionsReply connected,
                   gateways_.AskOnly(gateway, gateway::kListConnections, connections, deadline,
                                     {ENOENT, ENODEV}));
  return absl::c_any_of(connected.connections(), [&](const ::GatewayConnection& each) {
    return each.connected() && each.nqn() == host.text();
  });
}

}  // namespace nvmeof::backend
