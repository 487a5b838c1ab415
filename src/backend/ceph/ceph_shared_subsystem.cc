#include "backend/ceph/ceph_shared_subsystem.h"

#include <cerrno>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "backend/volume_refusals.h"
#include "backend/words.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// Among a namespace's hosts: whoever made it has seen that no other volume of its name is there.
constexpr char kWholeNote[] = "nqn.2026-01.dev.nvmeof:whole";

constexpr std::uint32_t kUntold = 256;  // namespaces of a subsystem whose gateway does not say
constexpr int kTries = 8;               // for an NSID that nobody else takes meanwhile

bool IsWhole(const CephImage& image) { return Includes(image.hosts, kWholeNote); }

CephHostList HostsOf(const CephImage& image) {
  CephHostList hosts = image.hosts;
  std::erase(hosts, kWholeNote);
  return hosts;
}

absl::Status CheckMasked(const CephImage& image) {
  if (!image.seen_by_all) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("somebody made namespace ", image.nsid,
                                                    " of the subsystem ", image.subsystem.text(),
                                                    " visible to all of the subsystem's hosts"));
}

// An NSID that none of the namespaces has; nothing when all are taken. Which one is free next to it
// depends on the volume, so that an NSID is seldom used twice in a short time.
std::optional<std::uint32_t> FreeNsid(const std::set<std::uint32_t>& taken,
                                      const volume::Uuid& volume, std::uint32_t most) {
  std::uint32_t random = 0;
  for (std::size_t i = 0; i < sizeof random; ++i) random = random << 8U | volume.bytes()[i];
  for (std::uint32_t i = 0; i < most; ++i) {
    const std::uint32_t nsid = (random % most + i) % most + 1;
    if (!taken.contains(nsid)) return nsid;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<CephImage>> CephSharedSubsystem::Find(const volume::Uuid& volume,
                                                                   absl::Time deadline) {
  ASSIGN_OR_RETURN(CephSubsystemContent content, namespaces_.In({subsystem_, volume}, deadline));
  if (!content.ours.empty()) return std::move(content.ours.front());
  if (content.foreign.empty()) return std::nullopt;
  return absl::FailedPreconditionError(absl::StrCat("the namespace with the UUID ", volume.Dashed(),
                                                    " has the image ", content.foreign.front(),
                                                    ", which is not the volume's"));
}

absl::StatusOr<std::optional<CephImage>> CephSharedSubsystem::FindNamed(const std::string& name,
                                                                        absl::Time deadline) {
  ASSIGN_OR_RETURN(std::vector<CephImage> named, Named(name, deadline));
  const auto whole = absl::c_find_if(named, IsWhole);
  if (whole != named.end()) return std::move(*whole);
  if (named.empty()) return std::nullopt;
  if (named.size() > 1) return BeingMadeElsewhere();
  return std::move(named.front());
}

absl::StatusOr<std::vector<CephImage>> CephSharedSubsystem::All(absl::Time deadline) {
  ASSIGN_OR_RETURN(CephSubsystemContent content, namespaces_.In({subsystem_}, deadline));
  return std::move(content.ours);
}

absl::StatusOr<CephImage> CephSharedSubsystem::Make(const ImageName& image, std::int64_t bytes,
                                                    absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::uint32_t most, RequireSubsystem(deadline));
  RETURN_IF_ERROR(ClearName(image.name, deadline));
  const absl::Status made = AddNamespace(image, bytes, most, deadline);
  if (absl::IsUnavailable(made)) return made;
  ASSIGN_OR_RETURN(const std::vector<CephImage> named, Named(image.name, deadline));
  const auto ours =
      absl::c_find_if(named, [&](const CephImage& each) { return each.name.uuid == image.uuid; });
  if (ours == named.end()) return made.ok() ? BeingMadeElsewhere() : made;
  if (ours->seen_by_all) {
    RETURN_IF_ERROR(RemoveHalfMade(*ours, deadline));
    return absl::FailedPreconditionError(
        "these gateways do not hide namespaces from hosts; without a subsystem in the backend's "
        "configuration each volume gets its own");
  }
  // Of two that come at once at least one sees the other here, and nobody is told of a volume that
  // is not whole: so each that sees another may go.
  if (named.size() > 1) {
    RETURN_IF_ERROR(RemoveHalfMade(*ours, deadline));
    return BeingMadeElsewhere();
  }
  RETURN_IF_ERROR(MarkWhole(*ours, deadline));
  return *ours;
}

absl::Status CephSharedSubsystem::ClearName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<CephImage> named, Named(name, deadline));
  if (named.empty()) return absl::OkStatus();
  const bool taken = absl::c_any_of(named, IsWhole);
  if (!taken && named.size() > 1) return BeingMadeElsewhere();
  for (const CephImage& each : named) {
    if (IsWhole(each)) continue;
    // Beside a whole one it can never become whole. Alone it is what a call left that ended between
    // its steps, or that goes on meanwhile: either way it becomes the volume of this name.
    RETURN_IF_ERROR(taken ? RemoveHalfMade(each, deadline) : MarkWhole(each, deadline));
  }
  return absl::AlreadyExistsError("a volume of this name exists");
}

absl::Status CephSharedSubsystem::AddNamespace(const ImageName& image, std::int64_t bytes,
                                               std::uint32_t most, absl::Time deadline) {
  absl::Status added;
  for (int i = 0; i < kTries; ++i) {
    ASSIGN_OR_RETURN(const CephSubsystemContent content, namespaces_.In({subsystem_}, deadline));
    // Carried out twice, the call finds its own NSID taken.
    if (absl::c_any_of(content.ours,
                       [&](const CephImage& each) { return each.name.uuid == image.uuid; })) {
      return absl::OkStatus();
    }
    const std::optional<std::uint32_t> nsid = FreeNsid(content.nsids, image.uuid, most);
    if (!nsid.has_value()) {
      return absl::ResourceExhaustedError(absl::StrCat("the subsystem ", subsystem_.text(), " has ",
                                                       most, " namespaces and takes no more"));
    }
    added = namespaces_.Add(image, bytes, {subsystem_, *nsid, true}, deadline);
    if (!absl::IsAlreadyExists(added)) return added;
  }
  return absl::AbortedError(added.message());
}

absl::Status CephSharedSubsystem::MarkWhole(const CephImage& image, absl::Time deadline) {
  RETURN_IF_ERROR(namespaces_.RequireTrash(image, deadline));
  return ShowTo(image, kWholeNote, /*let_in=*/false, deadline);
}

absl::StatusOr<std::vector<CephImage>> CephSharedSubsystem::Named(const std::string& name,
                                                                  absl::Time deadline) {
  ASSIGN_OR_RETURN(std::vector<CephImage> named, All(deadline));
  std::erase_if(named, [&](const CephImage& each) { return !SameWords(each.name.name, name); });
  return named;
}

absl::StatusOr<std::uint32_t> CephSharedSubsystem::RequireSubsystem(absl::Time deadline) {
  ::ListSubsystemsRequest which;
  which.set_subsystem_nqn(subsystem_.text());
  for (const bool made : {false, true}) {
    if (made) RETURN_IF_ERROR(MakeSubsystem(deadline));
    ASSIGN_OR_RETURN(const ::SubsystemsReply reply,
                     gateways_.Ask(gateway::kListSubsystems, which, deadline, {ENOENT, ENODEV}));
    for (const ::GatewaySubsystem& each : reply.subsystems()) {
      if (each.nqn() != subsystem_.text()) continue;
      return each.max_namespaces() == 0 ? kUntold : each.max_namespaces();
    }
  }
  return absl::UnavailableError(
      absl::StrCat("the subsystem ", subsystem_.text(), " was made and is not shown yet"));
}

absl::Status CephSharedSubsystem::MakeSubsystem(absl::Time deadline) {
  ::CreateSubsystemRequest create;
  create.set_subsystem_nqn(subsystem_.text());
  create.set_serial_number(SerialOf(subsystem_));
  create.set_enable_ha(true);
  create.set_no_group_append(true);
  return gateways_.Ask(gateway::kCreateSubsystem, create, deadline, {EEXIST}).status();
}

absl::Status CephSharedSubsystem::Resize(const CephImage& image, std::int64_t bytes,
                                         absl::Time deadline) {
  return namespaces_.Resize(image, bytes, deadline);
}

absl::Status CephSharedSubsystem::Remove(const CephImage& image, absl::Time deadline) {
  return RemoveIf([](const CephImage&) { return true; }, image, deadline);
}

absl::Status CephSharedSubsystem::RemoveHalfMade(const CephImage& image, absl::Time deadline) {
  return RemoveIf([](const CephImage& now) { return !IsWhole(now); }, image, deadline);
}

absl::Status CephSharedSubsystem::RemoveIf(absl::FunctionRef<bool(const CephImage&)> wanted,
                                           const CephImage& image, absl::Time deadline) {
  // A change makes the gateway read the latest state of its group. What it shows then is what has
  // this NSID, and it is asked once: carried out again later, the call could hit the next volume.
  const std::size_t gateway = gateways_.current();
  const absl::Status marked = namespaces_.SetTrash(image, deadline, gateway);
  if (absl::IsNotFound(marked)) return absl::OkStatus();
  RETURN_IF_ERROR(marked);
  ASSIGN_OR_RETURN(const CephSubsystemContent now,
                   namespaces_.In({subsystem_, image.name.uuid, gateway}, deadline));
  if (now.ours.empty() || !wanted(now.ours.front())) return absl::OkStatus();
  const std::vector<Export> exports = ExportsIn(HostsOf(now.ours.front()));
  if (!exports.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("it was exported to ", exports.front().host.text(), " meanwhile"));
  }
  return namespaces_.Delete(now.ours.front(), deadline, gateway);
}

absl::Status CephSharedSubsystem::RemoveRest(const volume::Uuid&, absl::Time) {
  return absl::OkStatus();  // a namespace goes in one step
}

absl::StatusOr<std::vector<Export>> CephSharedSubsystem::ExportsOf(const CephImage& image,
                                                                   absl::Time) {
  RETURN_IF_ERROR(CheckMasked(image));
  return ExportsIn(HostsOf(image));
}

absl::StatusOr<std::vector<Export>> CephSharedSubsystem::ShownExportsOf(const CephImage& image,
                                                                        absl::Time) {
  return ExportsIn(HostsOf(image));
}

absl::Status CephSharedSubsystem::Admit(const CephImage& image, const Export& wanted,
                                        absl::Time deadline) {
  RETURN_IF_ERROR(CheckMasked(image));
  RETURN_IF_ERROR(access_.Listen(subsystem_, deadline));
  // The note before its host, so that whoever is in has one; older notes of the host are of exports
  // that ended.
  const std::string& host = wanted.host.text();
  const ExportNote note = NoteOf(wanted);
  for (const ExportNote& other : NotesAbout(image.hosts, host)) {
    if (other == note) continue;
    RETURN_IF_ERROR(HideFrom(image, FormatExportNote(other), deadline));
  }
  RETURN_IF_ERROR(ShowTo(image, FormatExportNote(note), /*let_in=*/false, deadline));
  RETURN_IF_ERROR(LetIn(wanted, deadline));
  const absl::Status shown = ShowTo(image, host, /*let_in=*/true, deadline);
  if (!absl::IsFailedPrecondition(shown)) return shown;
  // The end of the host's last other export has let it go meanwhile.
  RETURN_IF_ERROR(LetIn(wanted, deadline));
  return ShowTo(image, host, /*let_in=*/true, deadline);
}

absl::Status CephSharedSubsystem::Evict(const CephImage& known, const volume::Nqn& host,
                                        absl::Time deadline) {
  // Its hosts may have changed since, by an Admit of this very call.
  ASSIGN_OR_RETURN(const std::optional<CephImage> now, Find(known.name.uuid, deadline));
  if (!now.has_value()) return LetGo(host, deadline);
  const CephImage& image = *now;
  RETURN_IF_ERROR(CheckMasked(image));
  if (Includes(image.hosts, host.text())) {
    RETURN_IF_ERROR(HideFrom(image, host.text(), deadline));
  }
  const CephNamespaces::Where everywhere = {subsystem_, image.name.uuid};
  RETURN_IF_ERROR(access_.AwaitEverywhere(
      absl::StrCat("shows namespace ", image.nsid, " of ", subsystem_.text(), " to ", host.text()),
      deadline, [&](std::size_t gateway) -> absl::StatusOr<bool> {
        CephNamespaces::Where there = everywhere;
        there.gateway = gateway;
        ASSIGN_OR_RETURN(const CephSubsystemContent content, namespaces_.In(there, deadline));
        return absl::c_any_of(content.ours, [&](const CephImage& each) {
          return each.seen_by_all || Includes(each.hosts, host.text());
        });
      }));
  for (const ExportNote& note : NotesAbout(image.hosts, host.text())) {
    RETURN_IF_ERROR(HideFrom(image, FormatExportNote(note), deadline));
  }
  return LetGo(host, deadline);
}

absl::Status CephSharedSubsystem::ShowTo(const CephImage& image, const std::string& host,
                                         bool let_in, absl::Time deadline) {
  if (Includes(image.hosts, host)) return absl::OkStatus();
  ::AddNamespaceHostRequest add;
  add.set_subsystem_nqn(subsystem_.text());
  add.set_nsid(image.nsid);
  add.set_host_nqn(host);
  if (!let_in) add.set_force(true);
  return gateways_.Ask(gateway::kAddNamespaceHost, add, deadline, {EEXIST}).status();
}

absl::Status CephSharedSubsystem::HideFrom(const CephImage& image, const std::string& host,
                                           absl::Time deadline) {
  ::DeleteNamespaceHostRequest gone;
  gone.set_subsystem_nqn(subsystem_.text());
  gone.set_nsid(image.nsid);
  gone.set_host_nqn(host);
  return gateways_.Ask(gateway::kDeleteNamespaceHost, gone, deadline, {ENOENT, ENODEV}).status();
}

absl::Status CephSharedSubsystem::LetIn(const Export& wanted, absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephAccess::Hosts hosts, access_.HostsOf(subsystem_, deadline));
  if (hosts.any) {
    return absl::FailedPreconditionError(
        absl::StrCat("somebody let any host into the subsystem ", subsystem_.text()));
  }
  return access_.LetIn(subsystem_, hosts, wanted, deadline);
}

absl::Status CephSharedSubsystem::LetGo(const volume::Nqn& host, absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephSubsystemContent content, namespaces_.In({subsystem_}, deadline));
  const bool needed =
      content.foreign_seen_by_all || absl::c_any_of(content.ours, [&](const CephImage& each) {
        return Includes(each.hosts, host.text());
      });
  if (needed) return absl::OkStatus();
  const absl::Status gone = access_.Remove(subsystem_, host.text(), deadline);
  // A namespace was shown to it meanwhile, or somebody else's is.
  return absl::IsFailedPrecondition(gone) ? absl::OkStatus() : gone;
}

}  // namespace nvmeof::backend
