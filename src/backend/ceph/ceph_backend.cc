#include "backend/ceph/ceph_backend.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/ceph/ceph_own_subsystems.h"
#include "backend/ceph/ceph_shared_subsystem.h"
#include "backend/ceph/gateway_methods.h"
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

std::optional<volume::Uuid> ParseHandle(const std::string& handle) {
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(handle);
  if (!uuid.ok() || uuid->Hex() != handle) return std::nullopt;
  return *uuid;
}

std::unique_ptr<CephLayout> LayoutFor(const CephConfig& config, CephGateways& gateways,
                                      base::Clock& clock) {
  if (!config.subsystem.has_value()) {
    return std::make_unique<CephOwnSubsystems>(gateways, config.pool, clock);
  }
  return std::make_unique<CephSharedSubsystem>(gateways, config.pool, *config.subsystem, clock);
}

}  // namespace

CephBackend::CephBackend(std::string name, CephConfig config, base::Clock& clock)
    : name_(std::move(name)),
      config_(std::move(config)),
      gateways_(name_, config_, clock),
      layout_(LayoutFor(config_, gateways_, clock)) {}

Abilities CephBackend::abilities() const {
  Abilities abilities;
  abilities.capacity = false;
  abilities.keys = true;
  abilities.own_subsystems = !config_.subsystem.has_value();
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
  RETURN_IF_ERROR(RequireReady(deadline));
  const ImageName name = {volume::Uuid::Random(), DigestOf(request.name),
                          DigestOf(request.fingerprint)};
  const absl::StatusOr<CephImage> made = layout_->Make(name, size, deadline);
  if (!made.ok()) return base::Annotate(made.status(), absl::StrCat("volume ", request.name));
  return Assemble(*made, {});
}

absl::StatusOr<Volume> CephBackend::FindByName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<CephImage> image, layout_->FindNamed(name, deadline));
  if (!image.has_value()) {
    RETURN_IF_ERROR(RequireReady(deadline));
    return absl::NotFoundError(absl::StrCat("there is no volume of the name ", name));
  }
  ASSIGN_OR_RETURN(std::vector<Export> exports, layout_->ExportsOf(*image, deadline));
  return Assemble(*image, std::move(exports));
}

absl::StatusOr<Volume> CephBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(const CephImage image, ImageOf(id, deadline));
  ASSIGN_OR_RETURN(std::vector<Export> exports, layout_->ExportsOf(image, deadline));
  return Assemble(image, std::move(exports));
}

absl::StatusOr<VolumeList> CephBackend::List(absl::Time deadline) {
  RETURN_IF_ERROR(RequireReady(deadline));
  ASSIGN_OR_RETURN(const std::vector<CephImage> images, layout_->All(deadline));
  VolumeList list;
  for (const CephImage& image : images) {
    ASSIGN_OR_RETURN(std::vector<Export> exports, layout_->ShownExportsOf(image, deadline));
    list.volumes.push_back(Assemble(image, std::move(exports)));
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
    RETURN_IF_ERROR(layout_->RemoveRest(*uuid, deadline));
  }
  RETURN_IF_ERROR(image.status());
  // The gateway would delete an image under a host that writes to it.
  ASSIGN_OR_RETURN(const std::vector<Export> exports, layout_->ExportsOf(*image, deadline));
  if (!exports.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "volume ", volume::FormatVolumeId(id), " is exported to ", exports.front().host.text()));
  }
  return layout_->Remove(*image, deadline);
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
  RETURN_IF_ERROR(layout_->Resize(before, wanted, deadline));
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
  ASSIGN_OR_RETURN(const std::vector<Export> exports, layout_->ExportsOf(image, deadline));
  const auto found =
      absl::c_find_if(exports, [&](const Export& each) { return each.host == wanted.host; });
  if (found != exports.end()) {
    // What a crash left unfinished is finished, however it is asked for now; but with the keys that
    // the host is given now.
    Export present = *found;
    present.keys = wanted.keys;
    RETURN_IF_ERROR(layout_->Admit(image, present, deadline));
    return absl::AlreadyExistsError(absl::StrCat("volume ", volume::FormatVolumeId(id),
                                                 " is exported to ", wanted.host.text()));
  }
  RETURN_IF_ERROR(CheckSharing(id, wanted, exports));
  RETURN_IF_ERROR(layout_->Admit(image, wanted, deadline));
  // A gateway that had not heard yet of another export knows it now, as changes are made one after
  // the other in the whole group.
  ASSIGN_OR_RETURN(Volume volume, Get(id, deadline));
  const absl::Status refused = CheckSharing(id, wanted, volume.exports);
  if (refused.ok()) return volume;
  RETURN_IF_ERROR(layout_->Evict(image, wanted.host, deadline));
  return refused;
}

absl::Status CephBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                   absl::Time deadline) {
  if (id.place != kRbdPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const CephImage image, ImageOf(id, deadline));
  return layout_->Evict(image, host, deadline);
}

absl::StatusOr<Capacity> CephBackend::GetCapacity(const CapacityRequest&, absl::Time) {
  return absl::UnimplementedError(
      absl::StrCat("backend ", name_, ": Ceph's gateway does not tell what its pool has free"));
}

absl::StatusOr<CephImage> CephBackend::ImageOf(const volume::VolumeId& id, absl::Time deadline) {
  if (id.place != kRbdPlace) return NoSuchPlace(id);
  const std::optional<volume::Uuid> uuid = ParseHandle(id.handle);
  if (!uuid.has_value()) return NoSuchVolume(id);
  ASSIGN_OR_RETURN(std::optional<CephImage> image, layout_->Find(*uuid, deadline));
  if (image.has_value()) return *std::move(image);
  RETURN_IF_ERROR(RequireReady(deadline));
  return NoSuchVolume(id);
}

absl::Status CephBackend::RequireReady(absl::Time deadline) {
  ASSIGN_OR_RETURN(const ::GatewayInfo info,
                   gateways_.Ask(gateway::kGetGatewayInfo, ::GatewayInfoRequest(), deadline));
  if (!info.has_gateway_initialization_over() || info.gateway_initialization_over()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("gateway ", info.name(), " has not yet restored what its group has"));
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
          .target = {image.subsystem,
                     {.uuid = image.name.uuid, .nguid = std::nullopt, .nsid = image.nsid},
                     std::move(portals),
                     static_cast<std::uint64_t>(image.size_bytes)},
          .exports = std::move(exports)};
}

}  // namespace nvmeof::backend
