#include "backend/spdk/spdk_backend.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "backend/spdk/spdk_names.h"
#include "backend/volume_refusals.h"
#include "backend/words.h"
#include "base/status_macros.h"
#include "base/units.h"

namespace nvmeof::backend {
namespace {

namespace spdk = v1::spdk;

// The second part of a volume's id: a backend is one store.
constexpr char kLvolPlace[] = "lvol";

volume::SizeRules RulesOf(const spdk::Lvstore& store) {
  volume::SizeRules rules;
  // Sizes are told in MiB, and rounded up to clusters.
  rules.granularity_bytes = std::max(static_cast<std::int64_t>(store.cluster_size()), base::kMiB);
  rules.minimum_bytes = rules.granularity_bytes;
  return rules;
}

std::int64_t FreeBytes(const spdk::Lvstore& store) {
  return static_cast<std::int64_t>(store.free_clusters() * store.cluster_size());
}

std::string DescribeAliases(const spdk::Bdevs& bdevs) {
  std::vector<std::string> aliases;
  for (const spdk::Bdev& bdev : bdevs.result()) {
    aliases.insert(aliases.end(), bdev.aliases().begin(), bdev.aliases().end());
  }
  return absl::StrJoin(aliases, ", ");
}

// Of a request that makes or resizes a volume.
template <typename Request>
void SetSize(std::int64_t bytes, bool in_mib, Request& request) {
  if (in_mib) {
    request.set_size_in_mib(static_cast<std::uint32_t>(bytes / base::kMiB));
  } else {
    request.set_size(static_cast<double>(bytes));
  }
}

}  // namespace

SpdkBackend::SpdkBackend(std::string name, SpdkConfig config,
                         std::unique_ptr<RpcTransport> transport, base::Clock& clock)
    : name_(std::move(name)),
      config_(std::move(config)),
      rpc_(std::move(transport)),
      exports_(rpc_, config_.portals, clock) {}

absl::StatusOr<Volume> SpdkBackend::Create(const CreateRequest& request, absl::Time deadline) {
  const std::optional<base::Claim> claim = creates_.TryTake(request.name);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("volume ", request.name, " is being created"));
  }
  ASSIGN_OR_RETURN(const spdk::Lvstore store, Store(deadline));
  ASSIGN_OR_RETURN(const std::int64_t size, volume::ChooseSize(request.size, RulesOf(store)));
  const auto namesakes = [&]() -> absl::StatusOr<std::vector<Lvol>> {
    ASSIGN_OR_RETURN(std::vector<Lvol> lvols, Lvols(deadline));
    std::erase_if(lvols, [&](const Lvol& each) { return !SameWords(each.name, request.name); });
    return lvols;
  };
  ASSIGN_OR_RETURN(const std::vector<Lvol> before, namesakes());
  if (!before.empty()) {
    return absl::AlreadyExistsError(absl::StrCat("a volume of the name ", request.name, " exists"));
  }
  RETURN_IF_ERROR(RequireRoom(size, store));

  spdk::CreateLvol wanted;
  wanted.set_lvol_name(FormatLvolName({DigestOf(request.name), DigestOf(request.fingerprint)}));
  ASSIGN_OR_RETURN(const bool in_mib, TakesMiB(deadline));
  SetSize(size, in_mib, wanted);
  wanted.set_lvs_name(config_.lvol_store);
  wanted.set_thin_provision(request.provisioning == volume::Provisioning::kBackendDefault
                                ? config_.thin
                                : request.provisioning == volume::Provisioning::kThin);
  // What it held is gone when it is deleted, on every disk: the next volume there begins blank.
  wanted.set_clear_method("write_zeroes");
  ASSIGN_OR_RETURN(const auto made,
                   rpc_.Call<spdk::TextResult>("bdev_lvol_create", wanted, deadline));

  // SPDK keeps names apart, but not names that differ in the fingerprint only.
  ASSIGN_OR_RETURN(const std::vector<Lvol> after, namesakes());
  if (after.size() == 1) return Assemble(after.front(), {});
  spdk::DeleteLvol ours;
  ours.set_name(made.result());
  RETURN_IF_ERROR(rpc_.Call<spdk::NoResult>("bdev_lvol_delete", ours, deadline).status());
  return absl::AbortedError(
      absl::StrCat("somebody else makes a volume of the name ", request.name));
}

absl::StatusOr<Volume> SpdkBackend::FindByName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<Lvol> lvols, Lvols(deadline));
  for (const Lvol& lvol : lvols) {
    if (!SameWords(lvol.name, name)) continue;
    ASSIGN_OR_RETURN(std::vector<Export> exports, exports_.Of(lvol.uuid, deadline));
    return Assemble(lvol, std::move(exports));
  }
  return absl::NotFoundError(absl::StrCat("there is no volume of the name ", name));
}

absl::StatusOr<Volume> SpdkBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(const Lvol lvol, LvolOf(id, deadline));
  ASSIGN_OR_RETURN(std::vector<Export> exports, exports_.Of(lvol.uuid, deadline));
  return Assemble(lvol, std::move(exports));
}

absl::StatusOr<VolumeList> SpdkBackend::List(absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<Lvol> lvols, Lvols(deadline));
  ASSIGN_OR_RETURN(auto exports, exports_.All(deadline));
  VolumeList list;
  for (const Lvol& lvol : lvols) {
    list.volumes.push_back(Assemble(lvol, std::move(exports[volume::NqnOfVolume(lvol.uuid)])));
  }
  std::sort(list.volumes.begin(), list.volumes.end(),
            [](const Volume& a, const Volume& b) { return a.id < b.id; });
  return list;
}

absl::Status SpdkBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  if (id.place != kLvolPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const Lvol lvol, LvolOf(id, deadline));
  // SPDK would delete a volume under a host that writes to it.
  ASSIGN_OR_RETURN(const std::vector<Export> exports, exports_.Of(lvol.uuid, deadline));
  if (!exports.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "volume ", volume::FormatVolumeId(id), " is exported to ", exports.front().host.text()));
  }
  RETURN_IF_ERROR(exports_.Dismantle(lvol.uuid, deadline));
  spdk::DeleteLvol gone;
  gone.set_name(lvol.uuid.Dashed());
  return rpc_.Call<spdk::NoResult>("bdev_lvol_delete", gone, deadline).status();
}

absl::StatusOr<std::int64_t> SpdkBackend::Expand(const volume::VolumeId& id,
                                                 const volume::SizeRange& size,
                                                 absl::Time deadline) {
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const Lvol before, LvolOf(id, deadline));
  if (volume::Fits(before.size_bytes, size)) return before.size_bytes;
  ASSIGN_OR_RETURN(const spdk::Lvstore store, Store(deadline));
  ASSIGN_OR_RETURN(const std::int64_t wanted, volume::ChooseSize(size, RulesOf(store)));
  // SPDK truncates at once what it is told to shrink, also under a writer.
  if (wanted < before.size_bytes) {
    return absl::OutOfRangeError(absl::StrCat("volume ", volume::FormatVolumeId(id), " has ",
                                              before.size_bytes, " bytes and never shrinks to ",
                                              wanted));
  }
  RETURN_IF_ERROR(RequireRoom(wanted - before.size_bytes, store));
  spdk::ResizeLvol resize;
  resize.set_name(before.uuid.Dashed());
  ASSIGN_OR_RETURN(const bool in_mib, TakesMiB(deadline));
  SetSize(wanted, in_mib, resize);
  RETURN_IF_ERROR(rpc_.Call<spdk::NoResult>("bdev_lvol_resize", resize, deadline).status());
  ASSIGN_OR_RETURN(const Lvol after, LvolOf(id, deadline));
  if (volume::Fits(after.size_bytes, size)) return after.size_bytes;
  return absl::InternalError(
      absl::StrCat("asked for ", wanted, " bytes, backend ", name_, " made ", after.size_bytes));
}

absl::StatusOr<Volume> SpdkBackend::ExportTo(const volume::VolumeId& id, const Export& wanted,
                                             absl::Time deadline) {
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const Lvol lvol, LvolOf(id, deadline));
  ASSIGN_OR_RETURN(const std::vector<Export> exports, exports_.Of(lvol.uuid, deadline));
  const auto found =
      absl::c_find_if(exports, [&](const Export& each) { return each.host == wanted.host; });
  const bool is_in = found != exports.end();
  if (!is_in) RETURN_IF_ERROR(CheckSharing(id, wanted, exports));
  // What a crash left unfinished is finished, however it is asked for now.
  const Export& made = is_in ? *found : wanted;
  RETURN_IF_ERROR(exports_.Complete(lvol.uuid, made, deadline));
  // Another controller may have looked before this one's host was in. Of two the later to let its
  // host in sees the other's; and a host that stayed because its controller ended before it looked
  // goes when it is asked for again.
  ASSIGN_OR_RETURN(Volume volume, Get(id, deadline));
  const absl::Status refused = CheckSharing(id, made, volume.exports);
  if (!refused.ok()) {
    RETURN_IF_ERROR(exports_.End(lvol.uuid, wanted.host, deadline));
    return refused;
  }
  if (!is_in) return volume;
  return absl::AlreadyExistsError(
      absl::StrCat("volume ", volume::FormatVolumeId(id), " is exported to ", wanted.host.text()));
}

absl::Status SpdkBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                   absl::Time deadline) {
  if (id.place != kLvolPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const Lvol lvol, LvolOf(id, deadline));
  return exports_.End(lvol.uuid, host, deadline);
}

absl::StatusOr<Capacity> SpdkBackend::GetCapacity(const CapacityRequest&, absl::Time deadline) {
  ASSIGN_OR_RETURN(const spdk::Lvstore store, Store(deadline));
  const volume::SizeRules rules = RulesOf(store);
  const std::int64_t free = FreeBytes(store);
  return Capacity{.available_bytes = free,
                  .maximum_volume_bytes = free - free % rules.granularity_bytes,
                  .minimum_volume_bytes = rules.minimum_bytes};
}

absl::StatusOr<spdk::Lvstore> SpdkBackend::Store(absl::Time deadline) {
  spdk::GetLvstores which;
  which.set_lvs_name(config_.lvol_store);
  const auto found = rpc_.Call<spdk::Lvstores>("bdev_lvol_get_lvstores", which, deadline);
  // The volumes have not gone with a store that is not there (yet).
  if (absl::IsNotFound(found.status())) {
    return absl::UnavailableError(found.status().message());
  }
  RETURN_IF_ERROR(found.status());
  if (found->result_size() == 1 && found->result(0).cluster_size() > 0) return found->result(0);
  return absl::UnavailableError(
      absl::StrCat("backend ", name_, " does not show the store ", config_.lvol_store));
}

absl::StatusOr<std::vector<SpdkBackend::Lvol>> SpdkBackend::Lvols(absl::Time deadline) {
  ASSIGN_OR_RETURN(const auto all,
                   rpc_.Call<spdk::Bdevs>("bdev_get_bdevs", spdk::NoParameters(), deadline));
  std::vector<Lvol> lvols;
  for (const spdk::Bdev& bdev : all.result()) {
    std::optional<Lvol> lvol = DecodeLvol(bdev);
    if (lvol.has_value()) lvols.push_back(*std::move(lvol));
  }
  // Of a store that is not loaded none is shown, either.
  if (lvols.empty()) RETURN_IF_ERROR(Store(deadline).status());
  return lvols;
}

absl::StatusOr<SpdkBackend::Lvol> SpdkBackend::LvolOf(const volume::VolumeId& id,
                                                      absl::Time deadline) {
  if (id.place != kLvolPlace) return NoSuchPlace(id);
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(id.handle);
  if (!uuid.ok() || uuid->Hex() != id.handle) return NoSuchVolume(id);
  spdk::GetBdevs which;
  which.set_name(uuid->Dashed());
  const auto found = rpc_.Call<spdk::Bdevs>("bdev_get_bdevs", which, deadline);
  if (absl::IsNotFound(found.status())) {
    // Or its store is not loaded: then nobody knows.
    RETURN_IF_ERROR(Store(deadline).status());
    return NoSuchVolume(id);
  }
  RETURN_IF_ERROR(found.status());
  for (const spdk::Bdev& bdev : found->result()) {
    std::optional<Lvol> lvol = DecodeLvol(bdev);
    if (lvol.has_value() && lvol->uuid == *uuid) return *std::move(lvol);
  }
  // What was ours and still lets hosts in is not gone.
  ASSIGN_OR_RETURN(const bool shown, exports_.Shows(*uuid, deadline));
  if (!shown) return NoSuchVolume(id);
  return absl::FailedPreconditionError(absl::StrCat(
      "somebody renamed the logical volume of ", volume::FormatVolumeId(id), ": it is ",
      DescribeAliases(*found), ", none of ours in the store ", config_.lvol_store,
      ", and the subsystem ", volume::NqnOfVolume(*uuid).text(), " is still there"));
}

// By a method that came in 23.05 with sizes in MiB. Asked each time: another version may have been
// started meanwhile, and a call more is nothing beside those that make a volume.
absl::StatusOr<bool> SpdkBackend::TakesMiB(absl::Time deadline) {
  ASSIGN_OR_RETURN(const auto methods,
                   rpc_.Call<spdk::Methods>("rpc_get_methods", spdk::NoParameters(), deadline));
  return absl::c_linear_search(methods.result(), "bdev_lvol_get_lvols");
}

std::optional<SpdkBackend::Lvol> SpdkBackend::DecodeLvol(const spdk::Bdev& bdev) const {
  if (!bdev.driver_specific().has_lvol() || bdev.driver_specific().lvol().snapshot()) {
    return std::nullopt;
  }
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(bdev.uuid());
  if (!uuid.ok()) return std::nullopt;
  for (absl::string_view alias : bdev.aliases()) {
    if (!absl::ConsumePrefix(&alias, absl::StrCat(config_.lvol_store, "/"))) continue;
    std::optional<LvolName> name = ParseLvolName(alias);
    if (!name.has_value()) continue;
    return Lvol{*uuid, std::move(name->name), std::move(name->fingerprint),
                static_cast<std::int64_t>(bdev.block_size() * bdev.num_blocks())};
  }
  return std::nullopt;
}

Volume SpdkBackend::Assemble(const Lvol& lvol, std::vector<Export> exports) const {
  return {.id = {name_, kLvolPlace, lvol.uuid.Hex()},
          .name = lvol.name,
          .size_bytes = lvol.size_bytes,
          .fingerprint = lvol.fingerprint,
          .context = {},
          .target = {volume::NqnOfVolume(lvol.uuid),
                     {.uuid = lvol.uuid, .nguid = lvol.uuid, .nsid = kSpdkNsid},
                     config_.portals,
                     static_cast<std::uint64_t>(lvol.size_bytes)},
          .exports = std::move(exports)};
}

absl::Status SpdkBackend::RequireRoom(std::int64_t bytes, const spdk::Lvstore& store) const {
  if (bytes <= FreeBytes(store)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("backend ", name_, ": ", bytes, " bytes are wanted, the store ",
                   config_.lvol_store, " has ", FreeBytes(store), " bytes free"));
}

}  // namespace nvmeof::backend
