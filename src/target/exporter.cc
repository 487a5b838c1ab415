#include "target/exporter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

absl::Status Busy(const std::string& handle) {
  return absl::AbortedError(absl::StrCat("another call works on volume ", handle));
}

}  // namespace

Exporter::Exporter(Storage storage, Configfs& tree, Portals portals)
    : storage_(storage),
      ports_(tree),
      subsystems_(tree),
      lost_(storage, tree),
      portals_(std::move(portals)) {}

absl::StatusOr<VolumeRecord> Exporter::Export(const std::string& handle,
                                              const target::Export& wanted) {
  const std::optional<base::Claim> claim = storage_.claims.TryTake(handle);
  if (!claim.has_value()) return Busy(handle);
  ASSIGN_OR_RETURN(VolumeRecord record, FindReady(handle));
  if (const target::Export* known = record.FindExport(wanted.host); known != nullptr) {
    if (!known->leaving) {
      RETURN_IF_ERROR(Converge(Wanted(record)));
      return absl::AlreadyExistsError(absl::StrCat("exported to ", wanted.host.text()));
    }
    // It was on its way out: what it sent as the old export must not outlive that.
    ASSIGN_OR_RETURN(record, ShutOut(std::move(record), wanted.host));
  }
  RETURN_IF_ERROR(CheckSharing(record, wanted));
  record.exports.push_back(wanted);
  RETURN_IF_ERROR(storage_.store.Put(record));
  RETURN_IF_ERROR(Converge(Wanted(record)));
  return record;
}

absl::Status Exporter::Unexport(const std::string& handle, const volume::Nqn& host) {
  const std::optional<base::Claim> claim = storage_.claims.TryTake(handle);
  if (!claim.has_value()) return Busy(handle);
  if (!storage_.store.Find(handle).has_value()) return ShutOutWithoutRecord(handle, host);
  ASSIGN_OR_RETURN(VolumeRecord record, FindReady(handle));
  if (record.FindExport(host) == nullptr) return absl::OkStatus();
  return ShutOut(std::move(record), host).status();
}

absl::Status Exporter::Withdraw(const VolumeRecord& record) {
  return TakeOut(record.SubsystemNqn());
}

absl::Status Exporter::TakeOut(const volume::Nqn& subsystem) {
  RETURN_IF_ERROR(ports_.Unlink(subsystem));
  return subsystems_.Remove(subsystem);
}

absl::Status Exporter::Revalidate(const VolumeRecord& record) {
  return subsystems_.Revalidate(record.SubsystemNqn());
}

void Exporter::Restore() {
  missing_ = false;
  EnsurePorts();
  const Held held = Hold(storage_.store.All());
  // Whoever has a claim may have changed the record meanwhile, and makes the kernel match.
  if (!held.all) missing_ = true;
  Complete(held);
}

void Exporter::EnsurePorts() {
  if (const absl::Status made = ports_.Ensure(portals_); !made.ok()) Miss("portal not made", made);
}

Exporter::Held Exporter::Hold(const std::vector<VolumeRecord>& known) const {
  Held held;
  for (const VolumeRecord& one : known) {
    std::optional<base::Claim> claim = storage_.claims.TryTake(one.Handle());
    if (!claim.has_value()) {
      held.all = false;
      continue;
    }
    std::optional<VolumeRecord> record = storage_.store.Find(one.Handle());
    if (!record.has_value() || record->state != VolumeRecord::State::kReady) continue;
    if (record->AllowedHosts().empty()) continue;
    held.claims.push_back(*std::move(claim));
    held.records.push_back(*std::move(record));
  }
  return held;
}

void Exporter::Complete(const Held& held) {
  std::vector<volume::Nqn> complete;
  for (const VolumeRecord& record : held.records) {
    if (const absl::Status ensured = subsystems_.Ensure(Wanted(record)); !ensured.ok()) {
      Miss("volume not restored", base::Annotate(ensured, record.Handle()));
      continue;
    }
    complete.push_back(record.SubsystemNqn());
  }
  const Links links = ports_.Link(complete, portals_.all);
  if (!links.failure.ok()) Miss("volumes not on all portals", links.failure);
}

void Exporter::Miss(absl::string_view event, const absl::Status& cause) {
  missing_ = true;
  base::Log(base::Level::kError, event, {{"error", cause.ToString()}});
}

bool Exporter::RestoreMissing() {
  if (missing_) {
    const std::vector<VolumeRecord> lost = Differing(storage_.store.All());
    Restore();
    TellRestored(lost);
  }
  return !missing_;
}

void Exporter::RestoreLost() {
  if (missing_) return;
  EnsurePorts();
  const std::vector<VolumeRecord> suspects = Differing(storage_.store.All());
  if (suspects.empty()) return;
  // Volumes in the hands of a call are that call's, and what else differed may be right by now.
  const Held held = Hold(suspects);
  const std::vector<VolumeRecord> lost = Differing(held.records);
  if (lost.empty()) return;
  Complete(held);
  TellRestored(lost);
}

std::vector<VolumeRecord> Exporter::Differing(std::vector<VolumeRecord> records) const {
  std::erase_if(records, [](const VolumeRecord& record) {
    return record.state != VolumeRecord::State::kReady || record.AllowedHosts().empty();
  });
  std::vector<volume::Nqn> subsystems;
  subsystems.reserve(records.size());
  for (const VolumeRecord& record : records) subsystems.push_back(record.SubsystemNqn());
  const auto misplaced = ports_.Misplaced(subsystems, portals_.all);
  std::erase_if(records, [&](const VolumeRecord& record) {
    const auto shown = subsystems_.Find(record.SubsystemNqn());
    // What cannot be read is not known to be right.
    return misplaced.ok() && !absl::c_binary_search(*misplaced, record.SubsystemNqn()) &&
           shown.ok() && shown->has_value() && Matches(**shown, Wanted(record));
  });
  return records;
}

void Exporter::TellRestored(const std::vector<VolumeRecord>& lost) const {
  const std::size_t restored = lost.size() - Differing(lost).size();
  if (restored == 0) return;
  base::Log(base::Level::kWarning, "exports restored in the kernel target",
            {{"volumes", static_cast<std::int64_t>(restored)}, {"first", lost.front().Handle()}});
}

absl::StatusOr<VolumeRecord> Exporter::FindReady(const std::string& handle) const {
  std::optional<VolumeRecord> record = storage_.store.Find(handle);
  if (!record.has_value()) return lost_.Explain(handle);
  if (record->state != VolumeRecord::State::kReady) {
    return absl::NotFoundError(absl::StrCat("there is no volume ", handle));
  }
  return *std::move(record);
}

absl::Status Exporter::CheckSharing(const VolumeRecord& record,
                                    const target::Export& wanted) const {
  for (const target::Export& other : record.exports) {
    if (other.mode == ExportMode::kMultiNode && wanted.mode == ExportMode::kMultiNode) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("volume ", record.Handle(), " is exported to ", other.host.text()));
  }
  return absl::OkStatus();
}

NvmetVolume Exporter::Wanted(const VolumeRecord& record) const {
  return {.subsystem = record.SubsystemNqn(),
          .uuid = record.uuid,
          .nguid = record.nguid,
          .backing_path = storage_.pool.Path(record.Handle()),
          .hosts = record.AllowedHosts()};
}

absl::Status Exporter::Converge(const NvmetVolume& wanted) {
  RETURN_IF_ERROR(subsystems_.Ensure(wanted));
  const Links links = ports_.Link({wanted.subsystem}, portals_.all);
  if (links.failure.ok()) return absl::OkStatus();
  Miss("volume not on all portals", base::Annotate(links.failure, wanted.uuid.Hex()));
  return links.count > 0 ? absl::OkStatus() : absl::UnavailableError(links.failure.message());
}

// The subsystem goes as a whole and comes back for the hosts that stay: see
// NvmetSubsystems::Remove. They reconnect after their reconnect_delay, so nothing but configfs
// stands between the unlink and the link.
absl::StatusOr<VolumeRecord> Exporter::ShutOut(VolumeRecord record, const volume::Nqn& host) {
  const auto gone = std::find_if(record.exports.begin(), record.exports.end(),
                                 [&host](const target::Export& one) { return one.host == host; });
  gone->leaving = true;
  RETURN_IF_ERROR(storage_.store.Put(record));
  absl::Cleanup bring_others_back = [this] { missing_ = true; };
  RETURN_IF_ERROR(Withdraw(record));
  const absl::Status others =
      record.AllowedHosts().empty() ? absl::OkStatus() : Converge(Wanted(record));
  RETURN_IF_ERROR(subsystems_.Forget(host));
  // The host is out, whatever became of the others.
  record.exports.erase(gone);
  RETURN_IF_ERROR(storage_.store.Put(record));
  if (others.ok()) {
    std::move(bring_others_back).Cancel();
  } else {
    Miss("other hosts not let in again yet", base::Annotate(others, record.Handle()));
  }
  return record;
}

// Whether the host is among those that the kernel lets in does not matter: one that was on its way
// out is not, and may still have a connection.
absl::Status Exporter::ShutOutWithoutRecord(const std::string& handle, const volume::Nqn& host) {
  ASSIGN_OR_RETURN(const std::optional<ShownVolume> shown, lost_.Shown(handle));
  if (!shown.has_value()) return absl::NotFoundError(absl::StrCat("there is no volume ", handle));
  ASSIGN_OR_RETURN(const bool ours, lost_.IsOurs(handle, *shown));
  if (!ours) return lost_.Explain(handle);
  ASSIGN_OR_RETURN(const volume::Uuid uuid, volume::Uuid::Parse(handle));
  const volume::Nqn subsystem = volume::NqnOfVolume(uuid);
  RETURN_IF_ERROR(TakeOut(subsystem));
  base::Log(base::Level::kWarning, "host shut out of a volume whose record is lost",
            {{"volume", handle}, {"host", host.text()}});
  std::vector<std::string> others = shown->hosts;
  std::erase(others, host.text());
  if (!others.empty()) BringBack(handle, *shown, others);
  return subsystems_.Forget(host);
}

// Without a record nobody would do it later.
void Exporter::BringBack(const std::string& handle, const ShownVolume& shown,
                         const std::vector<std::string>& hosts) {
  const absl::Status back = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const volume::Uuid uuid, volume::Uuid::Parse(handle));
    ASSIGN_OR_RETURN(const volume::Uuid nguid, volume::Uuid::Parse(shown.nguid));
    NvmetVolume wanted{.subsystem = volume::NqnOfVolume(uuid),
                       .uuid = uuid,
                       .nguid = nguid,
                       .backing_path = shown.backing_path,
                       .hosts = {}};
    for (const std::string& host : hosts) {
      ASSIGN_OR_RETURN(volume::Nqn nqn, volume::Nqn::Parse(host));
      wanted.hosts.push_back(std::move(nqn));
    }
    return Converge(wanted);
  }();
  if (back.ok()) return;
  base::Log(base::Level::kError, "other hosts of a volume whose record is lost are out, too",
            {{"volume", handle}, {"hosts", absl::StrJoin(hosts, " ")}, {"error", back.ToString()}});
}

}  // namespace nvmeof::target
