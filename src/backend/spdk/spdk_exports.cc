#include "backend/spdk/spdk_exports.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "backend/export_note.h"
#include "backend/words.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

namespace spdk = v1::spdk;

constexpr char kModel[] = "nvmeof-csi";
constexpr std::size_t kSerialDigits = 16;
constexpr absl::Duration kDisconnectLook = absl::Milliseconds(50);

std::vector<std::string> HostsOf(const spdk::Subsystem& subsystem) {
  std::vector<std::string> hosts;
  for (const spdk::Host& host : subsystem.hosts()) {
    if (!ParseExportNote(host.nqn()).has_value()) hosts.push_back(host.nqn());
  }
  return hosts;
}

std::vector<ExportNote> NotesOf(const spdk::Subsystem& subsystem, const std::string& host) {
  std::vector<ExportNote> notes;
  for (const spdk::Host& each : subsystem.hosts()) {
    std::optional<ExportNote> note = ParseExportNote(each.nqn());
    if (note.has_value() && note->host == DigestOf(host)) notes.push_back(*std::move(note));
  }
  return notes;
}

std::vector<Export> ExportsOf(const spdk::Subsystem& subsystem) {
  std::vector<Export> exports;
  for (const std::string& each : HostsOf(subsystem)) {
    absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(each);
    if (!host.ok()) continue;
    // A host that somebody else let in has no note: it excludes others.
    Export present = {*std::move(host), ExportMode::kSingleNode, ""};
    const std::vector<ExportNote> notes = NotesOf(subsystem, each);
    if (!notes.empty()) {
      present.mode = notes.front().mode;
      present.fingerprint = notes.front().fingerprint;
    }
    exports.push_back(std::move(present));
  }
  return exports;
}

bool LetsIn(const spdk::Subsystem& subsystem, const std::string& host) {
  return absl::c_any_of(subsystem.hosts(),
                        [&](const spdk::Host& each) { return each.nqn() == host; });
}

spdk::ListenAddress AddressOf(const volume::Portal& portal) {
  spdk::ListenAddress address;
  address.set_trtype(absl::AsciiStrToUpper(portal.transport));
  address.set_adrfam(volume::IsIpv6(portal.address) ? "IPv6" : "IPv4");
  address.set_traddr(portal.address);
  address.set_trsvcid(portal.service);
  return address;
}

bool ListensOn(const spdk::Subsystem& subsystem, const spdk::ListenAddress& wanted) {
  return absl::c_any_of(subsystem.listen_addresses(), [&](const spdk::ListenAddress& address) {
    return absl::EqualsIgnoreCase(address.trtype(), wanted.trtype()) &&
           address.traddr() == wanted.traddr() && address.trsvcid() == wanted.trsvcid();
  });
}

absl::Status CheckOurs(const spdk::Subsystem& subsystem, const volume::Uuid& volume) {
  if (subsystem.allow_any_host()) {
    return absl::FailedPreconditionError(
        absl::StrCat("somebody let any host into the subsystem ", subsystem.nqn()));
  }
  for (const spdk::Host& host : subsystem.hosts()) {
    if (volume::Nqn::Parse(host.nqn()).ok()) continue;
    return absl::FailedPreconditionError(absl::StrCat("somebody let the host ", host.nqn(),
                                                      " into the subsystem ", subsystem.nqn()));
  }
  for (const spdk::Namespace& ns : subsystem.namespaces()) {
    if (ns.nsid() == kSpdkNsid && ns.bdev_name() == volume.Dashed()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("somebody put ", ns.bdev_name(), " into the subsystem ", subsystem.nqn()));
  }
  return absl::OkStatus();
}

spdk::SubsystemName Named(const volume::Nqn& nqn) {
  spdk::SubsystemName name;
  name.set_nqn(nqn.text());
  return name;
}

spdk::CreateSubsystem EmptySubsystem(const volume::Uuid& volume) {
  spdk::CreateSubsystem create;
  create.set_nqn(volume::NqnOfVolume(volume).text());
  create.set_serial_number(volume.Hex().substr(0, kSerialDigits));
  create.set_model_number(kModel);
  create.set_allow_any_host(false);
  create.set_ana_reporting(true);
  return create;
}

spdk::AddNamespace NamespaceOf(const volume::Uuid& volume) {
  spdk::AddNamespace add;
  add.set_nqn(volume::NqnOfVolume(volume).text());
  spdk::Namespace& ns = *add.mutable_namespace_();
  ns.set_nsid(kSpdkNsid);
  ns.set_bdev_name(volume.Dashed());
  ns.set_nguid(volume.Hex());
  ns.set_uuid(volume.Dashed());
  return add;
}

spdk::HostOfSubsystem HostOf(const volume::Nqn& subsystem, std::string host) {
  spdk::HostOfSubsystem message;
  message.set_nqn(subsystem.text());
  message.set_host(std::move(host));
  return message;
}

}  // namespace

// A call that brings an export nearer to what is wanted.
struct SpdkExports::Step {
  template <typename Parameters>
  Step(absl::string_view called, Parameters with)
      : method(called), parameters(std::make_unique<Parameters>(std::move(with))) {}

  std::string method;
  std::unique_ptr<google::protobuf::Message> parameters;
};

SpdkExports::SpdkExports(SpdkRpc& rpc, std::vector<volume::Portal> portals, base::Clock& clock)
    : rpc_(rpc), portals_(std::move(portals)), clock_(clock) {}

absl::StatusOr<std::vector<Export>> SpdkExports::Of(const volume::Uuid& volume,
                                                    absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<Subsystem> subsystem, Find(volume, deadline));
  return subsystem.has_value() ? ExportsOf(*subsystem) : std::vector<Export>();
}

absl::StatusOr<bool> SpdkExports::Shows(const volume::Uuid& volume, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<Subsystem> subsystem, Find(volume, deadline));
  return subsystem.has_value();
}

absl::StatusOr<std::map<volume::Nqn, std::vector<Export>>> SpdkExports::All(absl::Time deadline) {
  ASSIGN_OR_RETURN(const auto all, rpc_.Call<spdk::Subsystems>("nvmf_get_subsystems",
                                                               spdk::NoParameters(), deadline));
  std::map<volume::Nqn, std::vector<Export>> exports;
  for (const Subsystem& each : all.result()) {
    const absl::StatusOr<volume::Nqn> nqn = volume::Nqn::Parse(each.nqn());
    if (nqn.ok()) exports.emplace(*nqn, ExportsOf(each));
  }
  return exports;
}

absl::Status SpdkExports::Complete(const volume::Uuid& volume, const Export& wanted,
                                   absl::Time deadline) {
  std::set<std::string> tried;
  absl::Status last;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Step> step, NextStep(volume, wanted, deadline));
    if (!step.has_value()) return absl::OkStatus();
    const std::string what = absl::StrCat(step->method, " ", step->parameters->ShortDebugString());
    if (!tried.insert(what).second) {
      return last.ok() ? absl::InternalError(absl::StrCat(what, " has no effect")) : last;
    }
    last = rpc_.Call<spdk::NoResult>(step->method, *step->parameters, deadline).status();
    if (absl::IsUnavailable(last)) return last;
  }
}

absl::Status SpdkExports::End(const volume::Uuid& volume, const volume::Nqn& host,
                              absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<Subsystem> subsystem, Find(volume, deadline));
  if (!subsystem.has_value()) return absl::OkStatus();
  std::vector<std::string> hosts = HostsOf(*subsystem);
  if (std::erase(hosts, host.text()) > 0) {
    RETURN_IF_ERROR(Remove(volume, host.text(), deadline));
  }
  RETURN_IF_ERROR(AwaitDisconnect(volume, host, deadline));
  if (hosts.empty()) return Dismantle(volume, deadline);
  for (const ExportNote& note : NotesOf(*subsystem, host.text())) {
    RETURN_IF_ERROR(Remove(volume, FormatExportNote(note), deadline));
  }
  return absl::OkStatus();
}

absl::Status SpdkExports::Dismantle(const volume::Uuid& volume, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<Subsystem> before, Find(volume, deadline));
  if (!before.has_value()) return absl::OkStatus();
  const absl::Status done = rpc_.Call<spdk::NoResult>("nvmf_delete_subsystem",
                                                      Named(volume::NqnOfVolume(volume)), deadline)
                                .status();
  if (done.ok() || absl::IsUnavailable(done)) return done;
  ASSIGN_OR_RETURN(const std::optional<Subsystem> after, Find(volume, deadline));
  return after.has_value() ? done : absl::OkStatus();
}

absl::StatusOr<std::optional<spdk::Subsystem>> SpdkExports::Find(const volume::Uuid& volume,
                                                                 absl::Time deadline) {
  const volume::Nqn nqn = volume::NqnOfVolume(volume);
  const auto found = rpc_.Call<spdk::Subsystems>("nvmf_get_subsystems", Named(nqn), deadline);
  if (absl::IsNotFound(found.status())) return std::optional<Subsystem>();
  RETURN_IF_ERROR(found.status());
  for (const Subsystem& each : found->result()) {
    if (each.nqn() != nqn.text()) continue;
    RETURN_IF_ERROR(CheckOurs(each, volume));
    return std::optional<Subsystem>(each);
  }
  return std::optional<Subsystem>();
}

// SPDK's errors do not tell a repetition from a failure, so each step is what a look finds missing.
absl::StatusOr<std::optional<SpdkExports::Step>> SpdkExports::NextStep(const volume::Uuid& volume,
                                                                       const Export& wanted,
                                                                       absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<Subsystem> subsystem, Find(volume, deadline));
  if (!subsystem.has_value()) return Step("nvmf_create_subsystem", EmptySubsystem(volume));
  if (subsystem->namespaces().empty()) return Step("nvmf_subsystem_add_ns", NamespaceOf(volume));

  // The note before its host, so that whoever is in has one; older notes of the host are of exports
  // that ended.
  const volume::Nqn nqn = volume::NqnOfVolume(volume);
  const ExportNote note = {DigestOf(wanted.host.text()), wanted.mode, DigestOf(wanted.fingerprint)};
  for (const ExportNote& other : NotesOf(*subsystem, wanted.host.text())) {
    if (other == note) continue;
    return Step("nvmf_subsystem_remove_host", HostOf(nqn, FormatExportNote(other)));
  }
  for (const std::string& host : {FormatExportNote(note), wanted.host.text()}) {
    if (!LetsIn(*subsystem, host)) return Step("nvmf_subsystem_add_host", HostOf(nqn, host));
  }
  // Last, so that no host sees a subsystem that is half made.
  for (const volume::Portal& portal : portals_) {
    spdk::AddListener listen;
    listen.set_nqn(nqn.text());
    *listen.mutable_listen_address() = AddressOf(portal);
    if (ListensOn(*subsystem, listen.listen_address())) continue;
    return Step("nvmf_subsystem_add_listener", std::move(listen));
  }
  return std::nullopt;
}

absl::Status SpdkExports::Remove(const volume::Uuid& volume, const std::string& host,
                                 absl::Time deadline) {
  const absl::Status done =
      rpc_.Call<spdk::NoResult>("nvmf_subsystem_remove_host",
                                HostOf(volume::NqnOfVolume(volume), host), deadline)
          .status();
  if (done.ok() || absl::IsUnavailable(done)) return done;
  ASSIGN_OR_RETURN(const std::optional<Subsystem> after, Find(volume, deadline));
  return after.has_value() && LetsIn(*after, host) ? done : absl::OkStatus();
}

absl::Status SpdkExports::AwaitDisconnect(const volume::Uuid& volume, const volume::Nqn& host,
                                          absl::Time deadline) {
  const volume::Nqn subsystem = volume::NqnOfVolume(volume);
  while (true) {
    const auto connected =
        rpc_.Call<spdk::Controllers>("nvmf_subsystem_get_controllers", Named(subsystem), deadline);
    if (absl::IsUnavailable(connected.status())) return connected.status();
    if (!connected.ok()) {
      // Its connections go with a subsystem.
      ASSIGN_OR_RETURN(const std::optional<Subsystem> after, Find(volume, deadline));
      return after.has_value() ? connected.status() : absl::OkStatus();
    }
    const bool gone = absl::c_none_of(connected->result(), [&](const spdk::Controller& each) {
      return each.hostnqn() == host.text();
    });
    if (gone) return absl::OkStatus();
    if (clock_.Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(host.text(), " still has a connection to ", subsystem.text()));
    }
    clock_.SleepUntil(std::min(deadline, clock_.Now() + kDisconnectLook));
  }
}

}  // namespace nvmeof::backend
