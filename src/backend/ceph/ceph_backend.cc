#include "backend/ceph/ceph_backend.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/volume_refusals.h"
#include "backend/words.h"
#include "base/status_macros.h"
#include "base/units.h"
#include "volume/nqn.h"

namespace nvmeof::backend {
namespace {

// The second part of a volume's id: a backend is one pool.
constexpr char kRbdPlace[] = "rbd";

volume::SizeRules Rules() {
  volume::SizeRules rules;
  rules.granularity_bytes = base::kMiB;
  rules.minimum_bytes = base::kMiB;
  return rules;
}

absl::Status Foreign(const std::string& nqn, const std::string& what) {
  return absl::FailedPreconditionError(
      absl::StrCat("somebody put ", what, " into the subsystem ", nqn));
}

absl::Status Rival(const std::string& name) {
  return absl::AbortedError(absl::StrCat("somebody else makes a volume of the name ", name));
}

absl::Status CheckSharing(const volume::VolumeId& id, const Export& wanted,
                          const std::vector<Export>& present) {
  for (const Export& each : present) {
    if (each.host == wanted.host) continue;
    if (each.mode == ExportMode::kMultiNode && wanted.mode == ExportMode::kMultiNode) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("volume ", volume::FormatVolumeId(id), " is exported to ", each.host.text()));
  }
  return absl::OkStatus();
}

std::optional<volume::Uuid> ParseHandle(const std::string& handle) {
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(handle);
  if (!uuid.ok() || uuid->Hex() != handle) return std::nullopt;
  return *uuid;
}

}  // namespace

CephBackend::CephBackend(std::string name, CephConfig config, base::Clock& clock)
    : name_(std::move(name)),
      config_(std::move(config)),
      gateways_(name_, config_, clock),
      volumes_(gateways_, config_.pool),
      exports_(gateways_, clock) {}

Abilities CephBackend::abilities() const {
  Abilities abilities;
  abilities.capacity = false;
  abilities.keys = true;
  return abilities;
}

absl::StatusOr<Volume> CephBackend::Create(const CreateRequest& request, absl::Time deadline) {
  const std::optional<base::Claim> claim = creates_.TryTake(request.name);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("volume ", request.name, " is being created"));
  }
  ASSIGN_OR_RETURN(const std::int64_t size, volume::ChooseSize(request.size, Rules()));
  if (request.provisioning == volume::Provisioning::kThick) {
    return absl::InvalidArgumentError(
        absl::StrCat("provisioning is thick; backend ", name_, " makes thin volumes only"));
  }
  RETURN_IF_ERROR(volumes_.RequireReady(deadline));
  RETURN_IF_ERROR(ClearName(request.name, deadline));

  const ImageName image = {volume::Uuid::Random(), DigestOf(request.name),
                           DigestOf(request.fingerprint)};
  const absl::Status made = volumes_.Make(image, size, deadline);
  if (absl::IsUnavailable(made)) return made;
  ASSIGN_OR_RETURN(const CephContent content, volumes_.ContentOf(image.uuid, deadline));
  if (content.ours.has_value()) {
    RETURN_IF_ERROR(volumes_.RequireTrash(*content.ours, deadline));
    return Assemble(*content.ours, {});
  }
  RETURN_IF_ERROR(volumes_.Dismantle(image.uuid, deadline));
  return made.ok() ? Rival(request.name) : made;
}

absl::StatusOr<Volume> CephBackend::FindByName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<std::string> subsystems, volumes_.Named(name, deadline));
  for (const std::string& nqn : subsystems) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(nqn);
    if (!uuid.has_value()) continue;
    ASSIGN_OR_RETURN(const CephContent content, volumes_.ContentOf(*uuid, deadline));
    if (!content.ours.has_value() || !SameWords(content.ours->name.name, name)) continue;
    ASSIGN_OR_RETURN(std::vector<Export> exports, exports_.Of(*uuid, deadline));
    return Assemble(*content.ours, std::move(exports));
  }
  RETURN_IF_ERROR(volumes_.RequireReady(deadline));
  return absl::NotFoundError(absl::StrCat("there is no volume of the name ", name));
}

absl::StatusOr<Volume> CephBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephImage image, ImageOf(id, deadline));
  ASSIGN_OR_RETURN(std::vector<Export> exports, exports_.Of(image.name.uuid, deadline));
  return Assemble(image, std::move(exports));
}

absl::StatusOr<VolumeList> CephBackend::List(absl::Time deadline) {
  RETURN_IF_ERROR(volumes_.RequireReady(deadline));
  ASSIGN_OR_RETURN(const std::vector<std::string> subsystems, volumes_.Subsystems(deadline));
  VolumeList list;
  for (const std::string& nqn : subsystems) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(nqn);
    if (!uuid.has_value()) continue;
    ASSIGN_OR_RETURN(const CephContent content, volumes_.ContentOf(*uuid, deadline));
    if (!content.ours.has_value()) continue;
    ASSIGN_OR_RETURN(std::vector<Export> exports, exports_.Shown(*uuid, deadline));
    list.volumes.push_back(Assemble(*content.ours, std::move(exports)));
  }
  std::sort(list.volumes.begin(), list.volumes.end(),
            [](const Volume& a, const Volume& b) { return a.id < b.id; });
  return list;
}

absl::Status CephBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  if (id.place != kRbdPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  const absl::StatusOr<CephImage> image = ImageOf(id, deadline);
  const std::optional<volume::Uuid> uuid = ParseHandle(id.handle);
  if (absl::IsNotFound(image.status()) && uuid.has_value()) {
    // The rest of a Delete that ended between its steps.
    ASSIGN_OR_RETURN(const CephContent content, volumes_.ContentOf(*uuid, deadline));
    if (content.empty()) RETURN_IF_ERROR(volumes_.Dismantle(*uuid, deadline));
  }
  RETURN_IF_ERROR(image.status());
  // The gateway would delete an image under a host that writes to it.
  ASSIGN_OR_RETURN(const std::vector<Export> exports, exports_.Of(*uuid, deadline));
  if (!exports.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "volume ", volume::FormatVolumeId(id), " is exported to ", exports.front().host.text()));
  }
  return volumes_.Remove(*image, deadline);
}

absl::StatusOr<std::int64_t> CephBackend::Expand(const volume::VolumeId& id,
                                                 const volume::SizeRange& size,
                                                 absl::Time deadline) {
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const CephImage before, ImageOf(id, deadline));
  if (volume::Fits(before.size_bytes, size)) return before.size_bytes;
  ASSIGN_OR_RETURN(const std::int64_t wanted, volume::ChooseSize(size, Rules()));
  if (wanted < before.size_bytes) {
    return absl::OutOfRangeError(absl::StrCat("volume ", volume::FormatVolumeId(id), " has ",
                                              before.size_bytes, " bytes and never shrinks to ",
                                              wanted));
  }
  RETURN_IF_ERROR(volumes_.Resize(before, wanted, deadline));
  ASSIGN_OR_RETURN(const CephImage after, ImageOf(id, deadline));
  if (volume::Fits(after.size_bytes, size)) return after.size_bytes;
  return absl::InternalError(
      absl::StrCat("asked for ", wanted, " bytes, backend ", name_, " made ", after.size_bytes));
}

absl::StatusOr<Volume> CephBackend::ExportTo(const volume::VolumeId& id, const Export& wanted,
                                             absl::Time deadline) {
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  if (absl::c_linear_search(wanted.host.text(), '_')) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the host NQN ", wanted.host.text(), " has a '_', which Ceph's gateway does not take"));
  }
  ASSIGN_OR_RETURN(const CephImage image, ImageOf(id, deadline));
  ASSIGN_OR_RETURN(const std::vector<Export> exports, exports_.Of(image.name.uuid, deadline));
  const auto found =
      absl::c_find_if(exports, [&](const Export& each) { return each.host == wanted.host; });
  if (found != exports.end()) {
    // What a crash left unfinished is finished, however it is asked for now; but with the keys that
    // the host is given now.
    Export present = *found;
    present.keys = wanted.keys;
    RETURN_IF_ERROR(exports_.Complete(image.name.uuid, present, deadline));
    return absl::AlreadyExistsError(absl::StrCat("volume ", volume::FormatVolumeId(id),
                                                 " is exported to ", wanted.host.text()));
  }
  RETURN_IF_ERROR(CheckSharing(id, wanted, exports));
  RETURN_IF_ERROR(exports_.Complete(image.name.uuid, wanted, deadline));
  // A gateway that had not heard yet of another export knows it now, as changes are made one after
  // the other in the whole group.
  ASSIGN_OR_RETURN(Volume volume, Get(id, deadline));
  const absl::Status refused = CheckSharing(id, wanted, volume.exports);
  if (refused.ok()) return volume;
  RETURN_IF_ERROR(exports_.End(image.name.uuid, wanted.host, deadline));
  return refused;
}

absl::Status CephBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                   absl::Time deadline) {
  if (id.place != kRbdPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const CephImage image, ImageOf(id, deadline));
  return exports_.End(image.name.uuid, host, deadline);
}

absl::StatusOr<Capacity> CephBackend::GetCapacity(const CapacityRequest&, absl::Time) {
  return absl::UnimplementedError(
      absl::StrCat("backend ", name_, ": Ceph's gateway does not tell what its pool has free"));
}

absl::StatusOr<CephImage> CephBackend::ImageOf(const volume::VolumeId& id, absl::Time deadline) {
  if (id.place != kRbdPlace) return NoSuchPlace(id);
  const std::optional<volume::Uuid> uuid = ParseHandle(id.handle);
  if (!uuid.has_value()) return NoSuchVolume(id);
  ASSIGN_OR_RETURN(CephContent content, volumes_.ContentOf(*uuid, deadline));
  if (!content.ours.has_value()) {
    RETURN_IF_ERROR(volumes_.RequireReady(deadline));
    return NoSuchVolume(id);
  }
  if (!content.foreign.empty()) {
    return Foreign(volume::NqnOfVolume(*uuid).text(), content.foreign);
  }
  return *std::move(content.ours);
}

Volume CephBackend::Assemble(const CephImage& image, std::vector<Export> exports) const {
  std::vector<volume::Portal> portals;
  for (const CephGatewayConfig& each : config_.gateways) {
    portals.insert(portals.end(), each.portals.begin(), each.portals.end());
  }
  // The gateway has no word for an NGUID; what its namespaces show as theirs is its own business.
  return {.id = {name_, kRbdPlace, image.name.uuid.Hex()},
          .name = image.name.name,
          .size_bytes = image.size_bytes,
          .fingerprint = image.name.fingerprint,
          .context = {},
          .target = {volume::NqnOfVolume(image.name.uuid),
                     {.uuid = image.name.uuid, .nguid = std::nullopt, .nsid = kCephNsid},
                     std::move(portals),
                     static_cast<std::uint64_t>(image.size_bytes)},
          .exports = std::move(exports)};
}

absl::Status CephBackend::ClearName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<std::string> subsystems, volumes_.Named(name, deadline));
  for (const std::string& nqn : subsystems) {
    const std::optional<volume::Uuid> uuid = VolumeOfNqn(nqn);
    if (!uuid.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("somebody made the subsystem ", nqn, " with the serial number of ", name));
    }
    ASSIGN_OR_RETURN(const CephContent content, volumes_.ContentOf(*uuid, deadline));
    if (content.ours.has_value()) {
      return absl::AlreadyExistsError(absl::StrCat("a volume of the name ", name, " exists"));
    }
    if (!content.foreign.empty()) return Foreign(nqn, content.foreign);
    // Never gone on with: its UUID may be that of a volume which was deleted.
    RETURN_IF_ERROR(volumes_.Dismantle(*uuid, deadline));
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::backend
