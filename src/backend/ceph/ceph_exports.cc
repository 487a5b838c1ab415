#include "backend/ceph/ceph_exports.h"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "backend/export_note.h"
#include "backend/words.h"
#include "base/status_macros.h"
#include "volume/path.h"

namespace nvmeof::backend {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);

std::vector<ExportNote> NotesOf(const ::HostsReply& hosts, const std::string& host) {
  std::vector<ExportNote> notes;
  for (const ::GatewayHost& each : hosts.hosts()) {
    std::optional<ExportNote> note = ParseExportNote(each.nqn());
    if (note.has_value() && note->host == DigestOf(host)) notes.push_back(*std::move(note));
  }
  return notes;
}

std::vector<Export> ExportsOf(const ::HostsReply& hosts) {
  std::vector<Export> exports;
  for (const ::GatewayHost& each : hosts.hosts()) {
    if (ParseExportNote(each.nqn()).has_value()) continue;
    absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(each.nqn());
    if (!host.ok()) continue;
    // A host that somebody else let in has no note: it excludes others.
    Export present = {*std::move(host), ExportMode::kSingleNode, ""};
    const std::vector<ExportNote> notes = NotesOf(hosts, each.nqn());
    if (!notes.empty()) {
      present.mode = notes.front().mode;
      present.fingerprint = notes.front().fingerprint;
    }
    exports.push_back(std::move(present));
  }
  return exports;
}

bool LetsIn(const ::HostsReply& hosts, const std::string& host) {
  return absl::c_any_of(hosts.hosts(),
                        [&](const ::GatewayHost& each) { return each.nqn() == host; });
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

absl::Status CheckOurs(const ::HostsReply& hosts, const volume::Nqn& subsystem) {
  if (hosts.allow_any_host()) {
    return absl::FailedPreconditionError(
        absl::StrCat("somebody let any host into the subsystem ", subsystem.text()));
  }
  for (const ::GatewayHost& host : hosts.hosts()) {
    if (volume::Nqn::Parse(host.nqn()).ok()) continue;
    return absl::FailedPreconditionError(absl::StrCat("somebody let the host ", host.nqn(),
                                                      " into the subsystem ", subsystem.text()));
  }
  return absl::OkStatus();
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

absl::StatusOr<std::vector<Export>> CephExports::Of(const volume::Uuid& volume,
                                                    absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::HostsReply hosts, HostsOf(volume::NqnOfVolume(volume), deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, volume::NqnOfVolume(volume)));
  return ExportsOf(hosts);
}

absl::StatusOr<std::vector<Export>> CephExports::Shown(const volume::Uuid& volume,
                                                       absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::HostsReply hosts, HostsOf(volume::NqnOfVolume(volume), deadline));
  return ExportsOf(hosts);
}

absl::Status CephExports::Complete(const volume::Uuid& volume, const Export& wanted,
                                   absl::Time deadline) {
  const volume::Nqn subsystem = volume::NqnOfVolume(volume);
  ASSIGN_OR_RETURN(const ::HostsReply hosts, HostsOf(subsystem, deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, subsystem));
  RETURN_IF_ERROR(Listen(subsystem, deadline));
  // The note before its host, so that whoever is in has one; older notes of the host are of exports
  // that ended.
  const ExportNote note = {DigestOf(wanted.host.text()), wanted.mode, DigestOf(wanted.fingerprint)};
  for (const ExportNote& other : NotesOf(hosts, wanted.host.text())) {
    if (other == note) continue;
    RETURN_IF_ERROR(Remove(subsystem, FormatExportNote(other), deadline));
  }
  const std::string text = FormatExportNote(note);
  if (!LetsIn(hosts, text)) RETURN_IF_ERROR(Add(subsystem, text, std::nullopt, deadline));
  const std::string& host = wanted.host.text();
  if (!LetsIn(hosts, host)) return Add(subsystem, host, wanted.keys, deadline);
  // By an earlier call, whose keys may have been others.
  return wanted.keys.has_value() ? ChangeKeys(subsystem, host, *wanted.keys, deadline)
                                 : absl::OkStatus();
}

absl::Status CephExports::End(const volume::Uuid& volume, const volume::Nqn& host,
                              absl::Time deadline) {
  const volume::Nqn subsystem = volume::NqnOfVolume(volume);
  ASSIGN_OR_RETURN(const ::HostsReply hosts, HostsOf(subsystem, deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, subsystem));
  if (LetsIn(hosts, host.text())) RETURN_IF_ERROR(Remove(subsystem, host.text(), deadline));
  RETURN_IF_ERROR(AwaitGone(subsystem, host, deadline));
  for (const ExportNote& note : NotesOf(hosts, host.text())) {
    RETURN_IF_ERROR(Remove(subsystem, FormatExportNote(note), deadline));
  }
  return absl::OkStatus();
}

absl::StatusOr<::HostsReply> CephExports::HostsOf(const volume::Nqn& subsystem,
                                                  absl::Time deadline) {
  ::ListHostsRequest which;
  which.set_subsystem(subsystem.text());
  return gateways_.Ask(gateway::kListHosts, which, deadline, {ENOENT, ENODEV});
}

absl::Status CephExports::Add(const volume::Nqn& subsystem, const std::string& host,
                              const std::optional<volume::AuthenticationKeys>& keys,
                              absl::Time deadline) {
  auto add = About<::AddHostRequest>(subsystem, host);
  if (keys.has_value()) SetKeys(*keys, add);
  return gateways_.Ask(gateway::kAddHost, add, deadline, {EEXIST}).status();
}

absl::Status CephExports::ChangeKeys(const volume::Nqn& subsystem, const std::string& host,
                                     const volume::AuthenticationKeys& keys, absl::Time deadline) {
  auto change = About<::ChangeHostKeyRequest>(subsystem, host);
  SetKeys(keys, change);
  return gateways_.Ask(gateway::kChangeHostKey, change, deadline).status();
}

absl::Status CephExports::Remove(const volume::Nqn& subsystem, const std::string& host,
                                 absl::Time deadline) {
  const auto remove = About<::RemoveHostRequest>(subsystem, host);
  ASSIGN_OR_RETURN(const ::GatewayReply reply,
                   gateways_.Ask(gateway::kRemoveHost, remove, deadline, {ENOENT, ENODEV, EBUSY}));
  if (reply.status() != EBUSY) return absl::OkStatus();
  // It means two things: the host is out and still connected, or another call holds the lock of the
  // group.
  ASSIGN_OR_RETURN(const ::HostsReply after, HostsOf(subsystem, deadline));
  if (!LetsIn(after, host)) return absl::OkStatus();
  return base::Annotate(GatewayStatus(reply.status(), reply.error_message()),
                        absl::StrCat("remove ", host, " from ", subsystem.text()));
}

absl::Status CephExports::Listen(const volume::Nqn& subsystem, absl::Time deadline) {
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

absl::Status CephExports::AwaitGone(const volume::Nqn& subsystem, const volume::Nqn& host,
                                    absl::Time deadline) {
  // A change reaches the other gateways a moment later, and each knows only its own connections.
  for (std::size_t gateway = 0; gateway < gateways_.all().size();) {
    ASSIGN_OR_RETURN(const bool serves, Serves(gateway, subsystem, host, deadline));
    if (!serves) {
      ++gateway;
      continue;
    }
    if (clock_.Now() + kLook >= deadline) {
      return absl::DeadlineExceededError(absl::StrCat("gateway ", gateways_.all()[gateway].address,
                                                      " still serves ", subsystem.text(), " to ",
                                                      host.text()));
    }
    clock_.SleepUntil(clock_.Now() + kLook);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CephExports::Serves(std::size_t gateway, const volume::Nqn& subsystem,
                                         const volume::Nqn& host, absl::Time deadline) {
  ::ListHostsRequest hosts;
  hosts.set_subsystem(subsystem.text());
  ASSIGN_OR_RETURN(const ::HostsReply let_in, gateways_.AskOnly(gateway, gateway::kListHosts, hosts,
                                                                deadline, {ENOENT, ENODEV}));
  if (LetsIn(let_in, host.text())) return true;
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
