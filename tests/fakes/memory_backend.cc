#include "tests/fakes/memory_backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::testing {
namespace {

using backend::Capacity;
using backend::CapacityRequest;
using backend::CreateRequest;
using backend::Export;
using backend::ExportMode;
using backend::Volume;
using backend::VolumeList;
using volume::VolumeId;

absl::Status NoSuchVolume(const VolumeId& id) {
  return absl::NotFoundError(absl::StrCat("there is no volume ", volume::FormatVolumeId(id)));
}

// The absence of a place that we do not know proves nothing about its volumes.
absl::Status RefuseToForget(const VolumeId& id, const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::UnavailableError(absl::StrCat("place ", id.place, " is not known"));
}

volume::Target NewTarget(const volume::Uuid& uuid, std::int64_t size_bytes,
                         std::vector<volume::Portal> portals) {
  return {*volume::Nqn::Parse(absl::StrCat("nqn.2026-01.dev.nvmeof:", uuid.Hex())),
          {uuid, volume::Uuid::Random(), 1},
          std::move(portals),
          static_cast<std::uint64_t>(size_bytes)};
}

}  // namespace

MemoryBackend::MemoryBackend(MemoryBackendOptions options)
    : options_(std::move(options)),
      portals_({{"tcp", "192.0.2.1", "4420"}, {"tcp", "192.0.2.2", "4420"}}) {
  for (const std::string& place : options_.places) {
    places_[place].room_bytes = options_.bytes_per_place;
  }
}

void MemoryBackend::TakeDown(const std::string& place) {
  const absl::MutexLock lock(&mutex_);
  places_.at(place).down = true;
}

void MemoryBackend::BringUp(const std::string& place) {
  const absl::MutexLock lock(&mutex_);
  places_.at(place).down = false;
}

void MemoryBackend::SetRoom(const std::string& place, std::int64_t bytes) {
  const absl::MutexLock lock(&mutex_);
  places_.at(place).room_bytes = bytes;
}

void MemoryBackend::SetPortals(std::vector<volume::Portal> portals) {
  const absl::MutexLock lock(&mutex_);
  portals_ = std::move(portals);
  for (auto& [id, volume] : volumes_) volume.target.portals = portals_;
}

void MemoryBackend::FailAfterEffect(int n, absl::Status status) {
  const absl::MutexLock lock(&mutex_);
  calls_until_failure_ = n;
  failure_ = std::move(status);
}

template <typename Result>
Result MemoryBackend::Answer(Result result) {
  if (calls_until_failure_ > 0 && --calls_until_failure_ == 0) return failure_;
  return result;
}

absl::StatusOr<Volume> MemoryBackend::Create(const CreateRequest& request, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Make(request));
}

absl::StatusOr<Volume> MemoryBackend::FindByName(const std::string& name, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Lookup(name));
}

absl::StatusOr<Volume> MemoryBackend::Get(const VolumeId& id, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Read(id));
}

absl::StatusOr<VolumeList> MemoryBackend::List(absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(ReadAll());
}

absl::Status MemoryBackend::Delete(const VolumeId& id, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Remove(id));
}

absl::StatusOr<std::int64_t> MemoryBackend::Expand(const VolumeId& id,
                                                   const volume::SizeRange& size, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Grow(id, size));
}

absl::StatusOr<Volume> MemoryBackend::ExportTo(const VolumeId& id, const Export& wanted,
                                               absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Admit(id, wanted));
}

absl::Status MemoryBackend::Unexport(const VolumeId& id, const volume::Nqn& host, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  return Answer(Evict(id, host));
}

absl::StatusOr<Capacity> MemoryBackend::GetCapacity(const CapacityRequest& request, absl::Time) {
  const absl::MutexLock lock(&mutex_);
  if (!request.from.empty() && !volume::Reaches(request.from, options_.reachable_from)) {
    return Answer(absl::StatusOr<Capacity>(Capacity{}));
  }
  return Answer(Room());
}

absl::StatusOr<Volume> MemoryBackend::Make(const CreateRequest& request) {
  if (request.provisioning != volume::Provisioning::kBackendDefault &&
      request.provisioning == options_.not_offered) {
    return absl::InvalidArgumentError("this provisioning is not offered");
  }
  ASSIGN_OR_RETURN(const std::int64_t size, volume::ChooseSize(request.size, options_.rules));
  ASSIGN_OR_RETURN(const std::string place, RoomiestPlace());
  if (Lookup(request.name).ok()) {
    return absl::AlreadyExistsError(absl::StrCat("name ", request.name, " is taken"));
  }
  if (FreeBytes(place) < size ||
      !volume::IsAccessible(options_.reachable_from, request.accessibility)) {
    return absl::ResourceExhaustedError(absl::StrCat("no place has room for ", size, " bytes"));
  }
  const volume::Uuid uuid = volume::Uuid::Random();
  const VolumeId id{options_.name, place, uuid.Hex()};
  Volume made{.id = id,
              .name = request.name,
              .size_bytes = size,
              .fingerprint = request.fingerprint,
              .context = request.context,
              .target = NewTarget(uuid, size, portals_),
              .exports = {},
              .reachable_from = options_.reachable_from};
  if (!options_.abilities.namespace_ids)
    made.target.identity = {.uuid = {}, .nguid = {}, .nsid = 1};
  volumes_.emplace(id, made);
  return made;
}

absl::StatusOr<Volume> MemoryBackend::Lookup(const std::string& name) const {
  for (const auto& [id, volume] : volumes_) {
    if (volume.name == name && !places_.at(id.place).down) return volume;
  }
  for (const auto& [place, state] : places_) {
    if (state.down) return absl::UnavailableError(absl::StrCat("place ", place, " is down"));
  }
  return absl::NotFoundError(absl::StrCat("there is no volume with the name ", name));
}

absl::StatusOr<Volume> MemoryBackend::Read(const VolumeId& id) {
  ASSIGN_OR_RETURN(const Volume* const volume, Find(id));
  return *volume;
}

absl::StatusOr<VolumeList> MemoryBackend::ReadAll() const {
  if (PlacesUp().empty()) return absl::UnavailableError("all places are down");
  VolumeList list;
  for (const auto& [id, volume] : volumes_) {
    if (!places_.at(id.place).down) list.volumes.push_back(volume);
  }
  for (const auto& [place, state] : places_) {
    if (state.down) list.unreachable.push_back(place);
  }
  return list;
}

absl::Status MemoryBackend::Remove(const VolumeId& id) {
  if (const absl::Status status = CheckPlace(id); !status.ok()) return RefuseToForget(id, status);
  ASSIGN_OR_RETURN(const Volume* const volume, Find(id));
  if (!volume->exports.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("exported to ", volume->exports.front().host.text()));
  }
  volumes_.erase(id);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> MemoryBackend::Grow(const VolumeId& id,
                                                 const volume::SizeRange& size) {
  ASSIGN_OR_RETURN(Volume* const volume, Find(id));
  if (volume::Fits(volume->size_bytes, size)) return volume->size_bytes;
  ASSIGN_OR_RETURN(const std::int64_t wanted, volume::ChooseSize(size, options_.rules));
  if (wanted < volume->size_bytes) {
    return absl::OutOfRangeError(absl::StrCat("has ", volume->size_bytes, " bytes already"));
  }
  if (wanted - volume->size_bytes > FreeBytes(id.place)) {
    return absl::ResourceExhaustedError(absl::StrCat("no room for ", wanted, " bytes"));
  }
  volume->size_bytes = wanted;
  volume->target.size_bytes = static_cast<std::uint64_t>(wanted);
  return wanted;
}

std::optional<volume::AuthenticationKeys> MemoryBackend::last_keys() {
  const absl::MutexLock lock(&mutex_);
  return last_keys_;
}

absl::StatusOr<Volume> MemoryBackend::Admit(const VolumeId& id, const Export& wanted) {
  ASSIGN_OR_RETURN(Volume* const volume, Find(id));
  if (wanted.mode == ExportMode::kMultiNode && !options_.abilities.several_hosts) {
    return absl::InvalidArgumentError("one host at a time");
  }
  for (const Export& other : volume->exports) {
    if (other.host == wanted.host) {
      return absl::AlreadyExistsError(absl::StrCat("exported to ", other.host.text()));
    }
  }
  for (const Export& other : volume->exports) {
    if (other.mode == ExportMode::kSingleNode || wanted.mode == ExportMode::kSingleNode) {
      return absl::FailedPreconditionError(absl::StrCat("exported to ", other.host.text()));
    }
  }
  volume->exports.push_back({wanted.host, wanted.mode, wanted.fingerprint});
  last_keys_ = wanted.keys;
  return *volume;
}

absl::Status MemoryBackend::Evict(const VolumeId& id, const volume::Nqn& host) {
  if (const absl::Status status = CheckPlace(id); !status.ok()) return RefuseToForget(id, status);
  ASSIGN_OR_RETURN(Volume* const volume, Find(id));
  std::erase_if(volume->exports, [&](const Export& other) { return other.host == host; });
  return absl::OkStatus();
}

absl::StatusOr<Capacity> MemoryBackend::Room() const {
  if (!options_.abilities.capacity) return absl::UnimplementedError("capacity is not told");
  const std::vector<std::string> places = PlacesUp();
  if (places.empty()) return absl::UnavailableError("all places are down");
  Capacity capacity{.minimum_volume_bytes = options_.rules.minimum_bytes};
  for (const std::string& place : places) {
    const std::int64_t free = FreeBytes(place);
    const std::int64_t largest = std::min(free, options_.rules.maximum_bytes);
    capacity.available_bytes += free;
    capacity.maximum_volume_bytes = std::max(capacity.maximum_volume_bytes,
                                             largest - largest % options_.rules.granularity_bytes);
  }
  return capacity;
}

absl::Status MemoryBackend::CheckPlace(const VolumeId& id) const {
  const auto place = places_.find(id.place);
  if (id.backend != options_.name || place == places_.end()) return NoSuchVolume(id);
  if (!place->second.down) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("place ", id.place, " is down"));
}

absl::StatusOr<Volume*> MemoryBackend::Find(const VolumeId& id) {
  RETURN_IF_ERROR(CheckPlace(id));
  const auto found = volumes_.find(id);
  if (found == volumes_.end()) return NoSuchVolume(id);
  return &found->second;
}

std::int64_t MemoryBackend::FreeBytes(const std::string& place) const {
  std::int64_t free = places_.at(place).room_bytes;
  for (const auto& [id, volume] : volumes_) {
    if (id.place == place) free -= volume.size_bytes;
  }
  return std::max<std::int64_t>(free, 0);
}

absl::StatusOr<std::string> MemoryBackend::RoomiestPlace() const {
  const std::vector<std::string> places = PlacesUp();
  if (places.empty()) return absl::UnavailableError("all places are down");
  std::string best = places.front();
  for (const std::string& place : places) {
    if (FreeBytes(place) > FreeBytes(best)) best = place;
  }
  return best;
}

std::vector<std::string> MemoryBackend::PlacesUp() const {
  std::vector<std::string> up;
  for (const auto& [name, place] : places_) {
    if (!place.down) up.push_back(name);
  }
  return up;
}

}  // namespace nvmeof::testing
