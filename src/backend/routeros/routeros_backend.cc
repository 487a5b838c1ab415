#include "backend/routeros/routeros_backend.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "backend/routeros/routeros_names.h"
#include "backend/volume_refusals.h"
#include "backend/words.h"
#include "base/status_macros.h"

namespace nvmeof::backend {
namespace {

// The second part of a volume's id: a backend is one disk of a router.
constexpr char kDiskPlace[] = "disk";
// Each disk has a subsystem of its own, with one namespace.
constexpr std::uint32_t kNsid = 1;

absl::Status IsExported(const volume::VolumeId& id, const volume::Nqn& host) {
  return absl::FailedPreconditionError(
      absl::StrCat("volume ", volume::FormatVolumeId(id), " is exported to ", host.text()));
}

absl::Status IsTaken(const std::string& name) {
  return absl::AlreadyExistsError(absl::StrCat("a volume of the name ", name, " exists"));
}

}  // namespace

RouterosBackend::RouterosBackend(std::string name, RouterosConfig config,
                                 std::unique_ptr<HttpTransport> transport, base::Clock& clock)
    : name_(std::move(name)),
      config_(std::move(config)),
      rest_(std::move(transport), clock),
      disks_(rest_, config_.disk, clock) {}

absl::StatusOr<Volume> RouterosBackend::Create(const CreateRequest& request, absl::Time deadline) {
  const std::optional<base::Claim> claim = creates_.TryTake(request.name);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("volume ", request.name, " is being created"));
  }
  if (request.provisioning != volume::Provisioning::kBackendDefault) {
    return absl::InvalidArgumentError(absl::StrCat(
        "backend ", name_, " has neither thin nor thick volumes: its router decides that"));
  }
  ASSIGN_OR_RETURN(const std::int64_t size, volume::ChooseSize(request.size, {}));
  ASSIGN_OR_RETURN(const RouterosDisks::Pool pool, disks_.GetPool(deadline));
  RETURN_IF_ERROR(ClearName(request.name, pool, deadline));
  RETURN_IF_ERROR(RequireRoom(size, pool));
  const RouterosDisks::NewDisk wanted = {
      .file = {DigestOf(request.name), volume::Uuid::Random()},
      .comment = FormatDiskComment({DigestOf(request.fingerprint), std::nullopt}),
      .size_bytes = size,
      .port = config_.portals.front().service};
  ASSIGN_OR_RETURN(const RouterosDisk made, disks_.Make(wanted, pool, deadline));

  // The router keeps slots apart, which differ for volumes of one name.
  ASSIGN_OR_RETURN(const std::vector<RouterosDisk> after, Namesakes(request.name, deadline));
  if (after.size() == 1) return Assemble(made);
  ASSIGN_OR_RETURN(const std::optional<RouterosDisk> ours,
                   disks_.Find(wanted.file.volume, deadline));
  if (ours.has_value()) RETURN_IF_ERROR(disks_.TakeAway(*ours, pool, deadline));
  return absl::AbortedError(
      absl::StrCat("somebody else makes a volume of the name ", request.name));
}

absl::Status RouterosBackend::ClearName(const std::string& name, const RouterosDisks::Pool& pool,
                                        absl::Time deadline) {
  // The files first: one whose disk is not shown even afterwards is left of an interrupted call.
  ASSIGN_OR_RETURN(
      const std::vector<DiskFile> files,
      disks_.Files(
          pool, [&](const DiskFile& file) { return SameWords(file.name, name); }, deadline));
  ASSIGN_OR_RETURN(const std::vector<RouterosDisk> disks, Namesakes(name, deadline));
  for (const RouterosDisk& disk : disks) {
    if (!IsHalfMade(disk)) return IsTaken(name);
    ASSIGN_OR_RETURN(const std::optional<RouterosDisk> whole,
                     disks_.AwaitWhole(disk.volume, deadline));
    if (whole.has_value()) return IsTaken(name);
    ASSIGN_OR_RETURN(const std::optional<RouterosDisk> left, disks_.Find(disk.volume, deadline));
    if (left.has_value()) RETURN_IF_ERROR(disks_.TakeAway(*left, pool, deadline));
  }
  for (const DiskFile& file : files) {
    ASSIGN_OR_RETURN(const std::optional<RouterosDisk> disk, disks_.Find(file.volume, deadline));
    if (disk.has_value())
      return absl::AbortedError(absl::StrCat("volume ", name, " is being made"));
    RETURN_IF_ERROR(disks_.RemoveFile(file, pool, deadline));
  }
  return absl::OkStatus();
}

absl::StatusOr<Volume> RouterosBackend::FindByName(const std::string& name, absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosDisk> disks, Namesakes(name, deadline));
  for (const RouterosDisk& disk : disks) {
    if (!IsHalfMade(disk)) return Assemble(disk);
  }
  return absl::NotFoundError(absl::StrCat("there is no volume of the name ", name));
}

absl::StatusOr<Volume> RouterosBackend::Get(const volume::VolumeId& id, absl::Time deadline) {
  ASSIGN_OR_RETURN(const RouterosDisk disk, DiskOf(id, deadline));
  return Assemble(disk);
}

absl::StatusOr<VolumeList> RouterosBackend::List(absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<RouterosDisk> disks, disks_.All(deadline));
  VolumeList list;
  for (const RouterosDisk& disk : disks) {
    // What is half made or somebody changed is nobody's volume.
    absl::StatusOr<Volume> volume = Assemble(disk);
    if (volume.ok() && !IsHalfMade(disk)) list.volumes.push_back(*std::move(volume));
  }
  std::sort(list.volumes.begin(), list.volumes.end(),
            [](const Volume& a, const Volume& b) { return a.id < b.id; });
  return list;
}

absl::Status RouterosBackend::Delete(const volume::VolumeId& id, absl::Time deadline) {
  if (id.place != kDiskPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const RouterosDisks::Pool pool, disks_.GetPool(deadline));
  ASSIGN_OR_RETURN(std::optional<RouterosDisk> disk, FindDisk(id, deadline));
  if (disk.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<Export> exports, ExportsOf(*disk));
    if (!exports.empty()) return IsExported(id, exports.front().host);
    if (disk->exported) {
      ASSIGN_OR_RETURN(disk, StopExport(*disk, deadline));
    }
    return disks_.TakeAway(*disk, pool, deadline);
  }
  // The file outlives its disk, and the call that removed that may have ended in between.
  ASSIGN_OR_RETURN(
      const std::vector<DiskFile> files,
      disks_.Files(
          pool, [&](const DiskFile& file) { return file.volume.Hex() == id.handle; }, deadline));
  if (files.empty()) {
    RETURN_IF_ERROR(disks_.GetPool(deadline).status());
    return NoSuchVolume(id);
  }
  for (const DiskFile& file : files) {
    RETURN_IF_ERROR(disks_.RemoveFile(file, pool, deadline));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> RouterosBackend::Expand(const volume::VolumeId& id,
                                                     const volume::SizeRange& size,
                                                     absl::Time deadline) {
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(const RouterosDisk before, DiskOf(id, deadline));
  if (volume::Fits(before.size_bytes, size)) return before.size_bytes;
  ASSIGN_OR_RETURN(const std::int64_t wanted, volume::ChooseSize(size, {}));
  if (wanted < before.size_bytes) {
    return absl::OutOfRangeError(absl::StrCat("volume ", volume::FormatVolumeId(id), " has ",
                                              before.size_bytes, " bytes and never shrinks to ",
                                              wanted));
  }
  ASSIGN_OR_RETURN(const RouterosDisks::Pool pool, disks_.GetPool(deadline));
  RETURN_IF_ERROR(RequireRoom(wanted - before.size_bytes, pool));
  ASSIGN_OR_RETURN(
      const RouterosDisk after,
      disks_.Change(
          before, {{"file-size", absl::StrCat(wanted)}},
          [&](const RouterosDisk& disk) { return disk.size_bytes == wanted; }, deadline));
  return after.size_bytes;
}

absl::StatusOr<Volume> RouterosBackend::ExportTo(const volume::VolumeId& id, const Export& wanted,
                                                 absl::Time deadline) {
  if (wanted.mode != ExportMode::kSingleNode) {
    return absl::InvalidArgumentError(
        absl::StrCat("backend ", name_, ": its router lets one host at a time into a volume"));
  }
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(RouterosDisk disk, DiskOf(id, deadline));
  ASSIGN_OR_RETURN(const std::vector<Export> exports, ExportsOf(disk));
  if (!exports.empty()) {
    if (exports.front().host != wanted.host) return IsExported(id, exports.front().host);
    return absl::AlreadyExistsError(absl::StrCat("volume ", volume::FormatVolumeId(id),
                                                 " is exported to ", wanted.host.text()));
  }
  ASSIGN_OR_RETURN(DiskComment comment, CommentOf(disk));
  if (disk.exported) {
    ASSIGN_OR_RETURN(disk, StopExport(disk, deadline));
  }
  comment.how = DigestOf(wanted.fingerprint);
  const std::string note = FormatDiskComment(comment);
  const std::string& port = config_.portals.front().service;
  const auto is_prepared = [&](const RouterosDisk& each) {
    return each.allowed == wanted.host.text() && each.comment == note && each.port == port;
  };
  if (!is_prepared(disk)) {
    ASSIGN_OR_RETURN(disk, disks_.Change(disk,
                                         {{"nvme-tcp-server-allow-host-name", wanted.host.text()},
                                          {"nvme-tcp-server-port", port},
                                          {"comment", note}},
                                         is_prepared, deadline));
  }
  // Last, and only when the router shows who is let in: it takes no name for any host.
  ASSIGN_OR_RETURN(disk, disks_.Change(
                             disk, {{"nvme-tcp-export", "yes"}},
                             [&](const RouterosDisk& each) {
                               return is_prepared(each) && each.exported && !each.nqn.empty();
                             },
                             deadline));
  return Assemble(disk);
}

absl::Status RouterosBackend::Unexport(const volume::VolumeId& id, const volume::Nqn& host,
                                       absl::Time deadline) {
  if (id.place != kDiskPlace) return absl::UnavailableError(NoSuchPlace(id).message());
  const std::optional<base::Claim> claim = changes_.TryTake(id.handle);
  if (!claim.has_value()) return BeingChanged(id);
  ASSIGN_OR_RETURN(RouterosDisk disk, DiskOf(id, deadline));
  RETURN_IF_ERROR(ExportsOf(disk).status());
  if (disk.allowed != host.text()) return absl::OkStatus();
  if (disk.exported) {
    ASSIGN_OR_RETURN(disk, StopExport(disk, deadline));
  }
  RouterosItem nobody = {{"nvme-tcp-server-allow-host-name", kNobodyNqn}};
  absl::StatusOr<DiskComment> comment = CommentOf(disk);
  if (comment.ok()) {
    comment->how.reset();
    nobody["comment"] = FormatDiskComment(*comment);
  }
  return disks_
      .Change(
          disk, nobody, [](const RouterosDisk& each) { return each.allowed == kNobodyNqn; },
          deadline)
      .status();
}

absl::StatusOr<Capacity> RouterosBackend::GetCapacity(const CapacityRequest&, absl::Time deadline) {
  ASSIGN_OR_RETURN(const RouterosDisks::Pool pool, disks_.GetPool(deadline));
  const volume::SizeRules rules;
  return Capacity{
      .available_bytes = pool.free_bytes,
      .maximum_volume_bytes = pool.free_bytes - pool.free_bytes % rules.granularity_bytes,
      .minimum_volume_bytes = rules.minimum_bytes};
}

absl::StatusOr<std::optional<RouterosDisk>> RouterosBackend::FindDisk(const volume::VolumeId& id,
                                                                      absl::Time deadline) {
  if (id.place != kDiskPlace) return NoSuchPlace(id);
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(id.handle);
  if (!uuid.ok() || uuid->Hex() != id.handle) return std::nullopt;
  return disks_.Find(*uuid, deadline);
}

absl::StatusOr<RouterosDisk> RouterosBackend::DiskOf(const volume::VolumeId& id,
                                                     absl::Time deadline) {
  ASSIGN_OR_RETURN(std::optional<RouterosDisk> disk, FindDisk(id, deadline));
  if (disk.has_value()) return *std::move(disk);
  return NoSuchVolume(id);
}

absl::StatusOr<std::vector<RouterosDisk>> RouterosBackend::Namesakes(const std::string& name,
                                                                     absl::Time deadline) {
  ASSIGN_OR_RETURN(std::vector<RouterosDisk> disks, disks_.All(deadline));
  std::erase_if(disks, [&](const RouterosDisk& disk) { return !SameWords(disk.name, name); });
  return disks;
}

// The fence: the router cuts the host's connections with the export.
absl::StatusOr<RouterosDisk> RouterosBackend::StopExport(const RouterosDisk& disk,
                                                         absl::Time deadline) {
  return disks_.Change(
      disk, {{"nvme-tcp-export", "no"}}, [](const RouterosDisk& each) { return !each.exported; },
      deadline);
}

absl::StatusOr<Volume> RouterosBackend::Assemble(const RouterosDisk& disk) const {
  ASSIGN_OR_RETURN(DiskComment comment, CommentOf(disk));
  absl::StatusOr<volume::Nqn> nqn =
      volume::Nqn::Parse(disk.nqn.empty() ? UsualNqn(disk.volume) : disk.nqn);
  if (!nqn.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the NQN of the disk ", FormatSlot(disk.volume), ": ", nqn.status().message()));
  }
  absl::StatusOr<std::vector<Export>> exports = ExportsOf(disk);
  // What is wrong with them, whoever changes them is told.
  if (!exports.ok()) exports = std::vector<Export>{};
  return Volume{.id = {name_, kDiskPlace, disk.volume.Hex()},
                .name = disk.name,
                .size_bytes = disk.size_bytes,
                .fingerprint = std::move(comment.fingerprint),
                .context = {},
                .target = {*std::move(nqn),
                           {.uuid = std::nullopt, .nguid = std::nullopt, .nsid = kNsid},
                           config_.portals,
                           static_cast<std::uint64_t>(disk.size_bytes)},
                .exports = *std::move(exports)};
}

absl::Status RouterosBackend::RequireRoom(std::int64_t bytes,
                                          const RouterosDisks::Pool& pool) const {
  if (bytes <= pool.free_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("backend ", name_, ": ", bytes, " bytes are wanted, the router's disk ",
                   config_.disk, " has ", pool.free_bytes, " bytes free beside the reserve"));
}

}  // namespace nvmeof::backend
