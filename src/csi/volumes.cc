#include "csi/volumes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "backend/idempotent_backend.h"
#include "base/status_macros.h"
#include "csi/capability.h"
#include "volume/authentication.h"
#include "volume/nqn.h"
#include "volume/volume_id.h"

namespace nvmeof::csi {
namespace {

struct Owned {
  volume::VolumeId id;
  backend::Backend& backend;
};

absl::StatusOr<Owned> Find(const backend::Backends& backends, const std::string& volume_id) {
  ASSIGN_OR_RETURN(volume::VolumeId id, volume::ParseVolumeId(volume_id));
  ASSIGN_OR_RETURN(backend::Backend * owner, backends.FindOwner(id));
  return Owned{std::move(id), *owner};
}

// For calls after which the volume shall be gone or unused: nothing when it surely is.
absl::StatusOr<std::optional<Owned>> FindIfAny(const backend::Backends& backends,
                                               const std::string& volume_id) {
  absl::StatusOr<volume::VolumeId> id = volume::ParseVolumeId(volume_id);
  if (!id.ok()) return std::nullopt;
  const absl::StatusOr<backend::Backend*> owner = backends.FindOwner(*id);
  if (!owner.ok()) return absl::UnavailableError(owner.status().message());
  return Owned{*std::move(id), **owner};
}

absl::StatusOr<volume::Nqn> ParseNode(const std::string& node_id) {
  absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(node_id);
  if (host.ok()) return host;
  return absl::NotFoundError(
      absl::StrCat("node '", node_id, "' does not exist: node ids are host NQNs"));
}

// The end of one of the `left` equal parts of the time that is left.
absl::Time ShareOf(const base::Call& call, std::size_t left) {
  const absl::Duration remaining = call.remaining();
  return call.deadline() - remaining + remaining / static_cast<std::int64_t>(left);
}

absl::Status RequireSharing(const backend::Backend& backend, absl::string_view name, bool shared) {
  if (!shared || backend.abilities().several_hosts) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("access mode: backend '", name,
                   "' lets one node at a time in, so its volumes can have no MULTI_NODE mode"));
}

absl::Status RequireKeys(const backend::Backend& backend, absl::string_view name, bool wanted) {
  if (!wanted || backend.abilities().keys) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("secrets: backend '", name, "' takes no ",
                                                 volume::kDhchapSecret,
                                                 ": it cannot ask hosts to authenticate"));
}

bool ById(const backend::Volume& one, const backend::Volume& other) { return one.id < other.id; }

}  // namespace

bool Volumes::CanMeasure() const {
  return std::any_of(
      backends_.all().begin(), backends_.all().end(),
      [](const backend::NamedBackend& named) { return named.backend->abilities().capacity; });
}

bool Volumes::HavePlaces() const {
  return std::any_of(
      backends_.all().begin(), backends_.all().end(),
      [](const backend::NamedBackend& named) { return named.backend->abilities().places; });
}

absl::StatusOr<backend::Volume> Volumes::Create(const CreateArguments& wanted,
                                                const base::Call& call) const {
  ASSIGN_OR_RETURN(const backend::NamedBackend* chosen, backends_.Find(wanted.backend));
  RETURN_IF_ERROR(RequireSharing(*chosen->backend, chosen->name, wanted.shared));
  return backend::IdempotentBackend(*chosen->backend).CreateOrGet(wanted.request, call.deadline());
}

absl::Status Volumes::Delete(const std::string& volume_id, const base::Call& call) const {
  ASSIGN_OR_RETURN(const std::optional<Owned> owned, FindIfAny(backends_, volume_id));
  if (!owned.has_value()) return absl::OkStatus();
  return backend::IdempotentBackend(owned->backend).Delete(owned->id, call.deadline());
}

absl::StatusOr<volume::Target> Volumes::Publish(const PublishArguments& wanted,
                                                const base::Call& call) const {
  if (wanted.by_hand.has_value()) {
    RETURN_IF_ERROR(ParseNode(wanted.node_id).status());
    return *wanted.by_hand;
  }
  ASSIGN_OR_RETURN(const Owned owned, Find(backends_, wanted.volume_id));
  ASSIGN_OR_RETURN(volume::Nqn host, ParseNode(wanted.node_id));
  const bool shared = IsMultiNode(wanted.capability.mode);
  RETURN_IF_ERROR(RequireSharing(owned.backend, owned.id.backend, shared));
  RETURN_IF_ERROR(RequireKeys(owned.backend, owned.id.backend, wanted.keys.has_value()));
  const backend::Export as = {
      std::move(host), shared ? backend::ExportMode::kMultiNode : backend::ExportMode::kSingleNode,
      Fingerprint(wanted.capability), wanted.keys};
  ASSIGN_OR_RETURN(
      backend::Volume volume,
      backend::IdempotentBackend(owned.backend).ExportOrGet(owned.id, as, call.deadline()));
  return std::move(volume.target);
}

absl::Status Volumes::CheckSharing(const std::string& volume_id, bool shared) const {
  ASSIGN_OR_RETURN(const Owned owned, Find(backends_, volume_id));
  return RequireSharing(owned.backend, owned.id.backend, shared);
}

absl::Status Volumes::Unpublish(const UnpublishArguments& wanted, const base::Call& call) const {
  ASSIGN_OR_RETURN(const std::optional<Owned> owned, FindIfAny(backends_, wanted.volume_id));
  if (!owned.has_value()) return absl::OkStatus();
  backend::IdempotentBackend backend(owned->backend);
  if (wanted.node_id.empty()) return backend.UnexportFromAll(owned->id, call.deadline());
  const absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(wanted.node_id);
  if (!host.ok()) return absl::OkStatus();  // nothing was ever exported to it
  return backend.Unexport(owned->id, *host, call.deadline());
}

absl::StatusOr<std::int64_t> Volumes::Expand(const ExpandArguments& wanted,
                                             const base::Call& call) const {
  ASSIGN_OR_RETURN(const Owned owned, Find(backends_, wanted.volume_id));
  return owned.backend.Expand(owned.id, wanted.size, call.deadline());
}

absl::StatusOr<backend::Volume> Volumes::Get(const std::string& volume_id,
                                             const base::Call& call) const {
  ASSIGN_OR_RETURN(const Owned owned, Find(backends_, volume_id));
  return owned.backend.Get(owned.id, call.deadline());
}

absl::StatusOr<VolumePage> Volumes::ListAll(const base::Call& call) const {
  VolumePage all;
  absl::Status last;
  bool answered = false;
  std::size_t left = backends_.all().size();
  for (const backend::NamedBackend& named : backends_.all()) {
    absl::StatusOr<backend::VolumeList> list = named.backend->List(ShareOf(call, left--));
    if (!list.ok()) {
      last = base::Annotate(list.status(), absl::StrCat("backend ", named.name));
      all.unreachable.push_back(named.name);
      continue;
    }
    answered = true;
    std::move(list->volumes.begin(), list->volumes.end(), std::back_inserter(all.volumes));
    for (const std::string& place : list->unreachable) {
      all.unreachable.push_back(absl::StrCat(named.name, ":", place));
    }
  }
  if (!answered) return last;
  return all;
}

absl::StatusOr<VolumePage> Volumes::List(const ListArguments& wanted,
                                         const base::Call& call) const {
  ASSIGN_OR_RETURN(VolumePage page, ListAll(call));
  std::vector<backend::Volume>& volumes = page.volumes;
  std::sort(volumes.begin(), volumes.end(), ById);
  if (wanted.after.has_value()) {
    volumes.erase(volumes.begin(),
                  std::find_if(volumes.begin(), volumes.end(), [&](const backend::Volume& volume) {
                    return volume.id > *wanted.after;
                  }));
  }
  page.more = wanted.max_entries != 0 && volumes.size() > wanted.max_entries;
  if (page.more) {
    volumes.erase(volumes.begin() + static_cast<std::ptrdiff_t>(wanted.max_entries), volumes.end());
  }
  return page;
}

absl::StatusOr<backend::Capacity> Volumes::Measure(const CapacityArguments& wanted,
                                                   const base::Call& call) const {
  ASSIGN_OR_RETURN(const backend::NamedBackend* chosen, backends_.Find(wanted.backend));
  if (!chosen->backend->abilities().capacity) {
    return absl::UnimplementedError(
        absl::StrCat("backend '", chosen->name, "' cannot tell how much room it has"));
  }
  return chosen->backend->GetCapacity(wanted.request, call.deadline());
}

}  // namespace nvmeof::csi
