#include "backend/ceph/ceph_own_subsystems.h"

#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/gateway_methods.h"
#include "backend/volume_refusals.h"
#include "backend/words.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

constexpr std::uint32_t kNsid = 1;

absl::Status Foreign(const std::string& nqn, const std::string& what) {
  return absl::FailedPreconditionError(
      absl::StrCat("somebody put ", what, " into the subsystem ", nqn));
}

absl::Status CheckOurs(const CephAccess::Hosts& hosts, const volume::Nqn& subsystem) {
  if (hosts.any) {
    return absl::FailedPreconditionError(
        absl::StrCat("somebody let any host into the subsystem ", subsystem.text()));
  }
  for (const std::string& host : hosts.list) {
    if (volume::Nqn::Parse(host).ok()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("somebody let the host ", host, " into the subsystem ", subsystem.text()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<CephImage>> CephOwnSubsystems::Find(const volume::Uuid& volume,
                                                                 absl::Time deadline) {
  ASSIGN_OR_RETURN(Content content, ContentOf(volume, deadline));
  // Also where nothing of ours is there any more: whom the subsystem lets in it may let in still.
  if (!content.foreign.empty()) {
    return Foreign(volume::NqnOfVolume(volume).text(), content.foreign);
  }
  return std::move(content.ours);
}

absl::StatusOr<std::optional<CephImage>> CephOwnSubsystems::FindNamed(const std::string& name,
                                                                      absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<std::string> subsystems, Named(name, deadline));
  for (const std::string& nqn : subsystems) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(nqn);
    if (!uuid.has_value()) continue;
    ASSIGN_OR_RETURN(Content content, ContentOf(*uuid, deadline));
    if (content.ours.has_value() && SameWords(content.ours->name.name, name)) {
      return std::move(content.ours);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<CephImage>> CephOwnSubsystems::All(absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::SubsystemsReply reply,
                   gateways_.Ask(gateway::kListSubsystems, ::ListSubsystemsRequest(), deadline));
  std::vector<CephImage> images;
  for (const ::GatewaySubsystem& each : reply.subsystems()) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(each.nqn());
    if (!uuid.has_value()) continue;
    ASSIGN_OR_RETURN(Content content, ContentOf(*uuid, deadline));
    if (content.ours.has_value()) images.push_back(*std::move(content.ours));
  }
  return images;
}

absl::StatusOr<CephImage> CephOwnSubsystems::Make(const ImageName& image, std::int64_t bytes,
                                                  absl::Time deadline) {
  RETURN_IF_ERROR(ClearName(image.name, deadline));
  absl::Status made = MakeSubsystem(image, deadline);
  if (made.ok()) {
    made = namespaces_.Add(image, bytes, {volume::NqnOfVolume(image.uuid), kNsid, false}, deadline);
  }
  if (absl::IsUnavailable(made)) return made;
  ASSIGN_OR_RETURN(Content content, ContentOf(image.uuid, deadline));
  if (content.ours.has_value()) {
    RETURN_IF_ERROR(namespaces_.RequireTrash(*content.ours, deadline));
    return *std::move(content.ours);
  }
  RETURN_IF_ERROR(Dismantle(image.uuid, deadline));
  // A namespace of ours would be seen; what exists is an image, which no volume of ours ever had.
  if (absl::IsAlreadyExists(made)) return absl::AbortedError(made.message());
  return made.ok() ? BeingMadeElsewhere() : made;
}

absl::Status CephOwnSubsystems::Resize(const CephImage& image, std::int64_t bytes,
                                       absl::Time deadline) {
  return namespaces_.Resize(image, bytes, deadline);
}

absl::Status CephOwnSubsystems::Remove(const CephImage& image, absl::Time deadline) {
  RETURN_IF_ERROR(namespaces_.RequireTrash(image, deadline));
  RETURN_IF_ERROR(namespaces_.Delete(image, deadline));
  return Dismantle(image.name.uuid, deadline);
}

absl::Status CephOwnSubsystems::RemoveRest(const volume::Uuid& volume, absl::Time deadline) {
  ASSIGN_OR_RETURN(const Content content, ContentOf(volume, deadline));
  return content.empty() ? Dismantle(volume, deadline) : absl::OkStatus();
}

absl::StatusOr<std::vector<Export>> CephOwnSubsystems::ExportsOf(const CephImage& image,
                                                                 absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephAccess::Hosts hosts, access_.HostsOf(image.subsystem, deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, image.subsystem));
  return ExportsIn(hosts.list);
}

absl::StatusOr<std::vector<Export>> CephOwnSubsystems::ShownExportsOf(const CephImage& image,
                                                                      absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephAccess::Hosts hosts, access_.HostsOf(image.subsystem, deadline));
  return ExportsIn(hosts.list);
}

absl::Status CephOwnSubsystems::Admit(const CephImage& image, const Export& wanted,
                                      absl::Time deadline) {
  const volume::Nqn& subsystem = image.subsystem;
  ASSIGN_OR_RETURN(const CephAccess::Hosts hosts, access_.HostsOf(subsystem, deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, subsystem));
  RETURN_IF_ERROR(access_.Listen(subsystem, deadline));
  // The note before its host, so that whoever is in has one; older notes of the host are of exports
  // that ended.
  const std::string& host = wanted.host.text();
  const ExportNote note = NoteOf(wanted);
  for (const ExportNote& other : NotesAbout(hosts.list, host)) {
    if (other == note) continue;
    RETURN_IF_ERROR(access_.Remove(subsystem, FormatExportNote(other), deadline));
  }
  const std::string text = FormatExportNote(note);
  if (!Includes(hosts.list, text)) {
    RETURN_IF_ERROR(access_.Add(subsystem, text, std::nullopt, deadline));
  }
  return access_.LetIn(subsystem, hosts, wanted, deadline);
}

absl::Status CephOwnSubsystems::Evict(const CephImage& image, const volume::Nqn& host,
                                      absl::Time deadline) {
  const volume::Nqn& subsystem = image.subsystem;
  ASSIGN_OR_RETURN(const CephAccess::Hosts hosts, access_.HostsOf(subsystem, deadline));
  RETURN_IF_ERROR(CheckOurs(hosts, subsystem));
  if (Includes(hosts.list, host.text())) {
    RETURN_IF_ERROR(access_.Remove(subsystem, host.text(), deadline));
  }
  RETURN_IF_ERROR(access_.AwaitGone(subsystem, host, deadline));
  for (const ExportNote& note : NotesAbout(hosts.list, host.text())) {
    RETURN_IF_ERROR(access_.Remove(subsystem, FormatExportNote(note), deadline));
  }
  return absl::OkStatus();
}

absl::StatusOr<CephOwnSubsystems::Content> CephOwnSubsystems::ContentOf(const volume::Uuid& volume,
                                                                        absl::Time deadline) {
  ASSIGN_OR_RETURN(CephSubsystemContent all,
                   namespaces_.In({volume::NqnOfVolume(volume)}, deadline));
  Content content;
  if (!all.foreign.empty()) content.foreign = all.foreign.front();
  for (CephImage& each : all.ours) {
    if (each.name.uuid == volume && each.nsid == kNsid) {
      content.ours = std::move(each);
    } else {
      content.foreign = absl::StrCat(pool_, "/", FormatImageName(each.name));
    }
  }
  return content;
}

absl::StatusOr<std::vector<std::string>> CephOwnSubsystems::Named(const std::string& name,
                                                                  absl::Time deadline) {
  ::ListSubsystemsRequest which;
  which.set_serial_number(SerialOf(pool_, name));
  ASSIGN_OR_RETURN(const ::SubsystemsReply reply,
                   gateways_.Ask(gateway::kListSubsystems, which, deadline, {ENOENT, ENODEV}));
  std::vector<std::string> subsystems;
  for (const ::GatewaySubsystem& each : reply.subsystems()) {
    if (each.serial_number() == which.serial_number()) subsystems.push_back(each.nqn());
  }
  return subsystems;
}

absl::Status CephOwnSubsystems::ClearName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<std::string> subsystems, Named(name, deadline));
  for (const std::string& nqn : subsystems) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(nqn);
    if (!uuid.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("somebody made the subsystem ", nqn, " with the serial number of ", name));
    }
    ASSIGN_OR_RETURN(const Content content, ContentOf(*uuid, deadline));
    if (content.ours.has_value()) {
      return absl::AlreadyExistsError("a volume of this name exists");
    }
    if (!content.foreign.empty()) return Foreign(nqn, content.foreign);
    // Never gone on with: its UUID may be that of a volume which was deleted.
    RETURN_IF_ERROR(Dismantle(*uuid, deadline));
  }
  return absl::OkStatus();
}

absl::Status CephOwnSubsystems::MakeSubsystem(const ImageName& image, absl::Time deadline) {
  const std::string nqn = volume::NqnOfVolume(image.uuid).text();
  ::CreateSubsystemRequest create;
  create.set_subsystem_nqn(nqn);
  create.set_serial_number(SerialOf(pool_, image.name));
  create.set_enable_ha(true);
  create.set_no_group_append(true);
  ASSIGN_OR_RETURN(const ::CreateSubsystemReply reply,
                   gateways_.Ask(gateway::kCreateSubsystem, create, deadline, {EEXIST}));
  if (reply.status() == 0) {
    if (reply.nqn().empty() || reply.nqn() == nqn) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("asked for the subsystem ", nqn, ", the gateway made ", reply.nqn()));
  }
  // It is the serial number that exists, or our own call was carried out twice.
  ASSIGN_OR_RETURN(const std::vector<std::string> there, Named(image.name, deadline));
  return absl::c_linear_search(there, nqn) ? absl::OkStatus() : BeingMadeElsewhere();
}

absl::Status CephOwnSubsystems::Dismantle(const volume::Uuid& volume, absl::Time deadline) {
  ::DeleteSubsystemRequest gone;
  gone.set_subsystem_nqn(volume::NqnOfVolume(volume).text());
  return gateways_.Ask(gateway::kDeleteSubsystem, gone, deadline, {ENOENT, ENODEV}).status();
}

}  // namespace nvmeof::backend
