#include "node/stage_records.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "node/record_codec.h"
#include "node/retry.h"
#include "nvmeof/v1/stage_record.pb.h"
#include "volume/publish_context.h"

namespace nvmeof::node {
namespace {

constexpr std::uint32_t kRecordVersion = 1;

v1::StageRecord::Capability Encode(const volume::VolumeCapability& capability) {
  v1::StageRecord::Capability out;
  out.set_block(capability.block);
  out.set_fs_type(capability.fs_type);
  for (const std::string& flag : capability.mount_flags) out.add_mount_flags(flag);
  out.set_mount_group(capability.mount_group);
  out.set_access_mode(static_cast<int>(capability.mode));
  return out;
}

volume::VolumeCapability Decode(const v1::StageRecord::Capability& in) {
  volume::VolumeCapability out;
  out.block = in.block();
  out.fs_type = in.fs_type();
  out.mount_flags.assign(in.mount_flags().begin(), in.mount_flags().end());
  out.mount_group = in.mount_group();
  out.mode = static_cast<volume::AccessMode>(in.access_mode());
  return out;
}

v1::StageRecord::State Encode(StageState state) {
  switch (state) {
    case StageState::kStaging:
      return v1::StageRecord::STAGING;
    case StageState::kStaged:
      return v1::StageRecord::STAGED;
    case StageState::kUnstaging:
      return v1::StageRecord::UNSTAGING;
  }
  return v1::StageRecord::STATE_UNSPECIFIED;
}

std::optional<StageState> Decode(v1::StageRecord::State state) {
  if (state == v1::StageRecord::STAGING) return StageState::kStaging;
  if (state == v1::StageRecord::STAGED) return StageState::kStaged;
  if (state == v1::StageRecord::UNSTAGING) return StageState::kUnstaging;
  return std::nullopt;
}

absl::StatusOr<std::string> ToJson(const StageRecord& record) {
  v1::StageRecord out;
  out.set_version(kRecordVersion);
  out.set_volume_id(record.volume_id);
  out.set_staging_path(record.staging_path);
  out.set_state(Encode(record.state));
  out.set_boot_id(record.boot_id);
  out.mutable_publish_context()->insert(record.publish_context.begin(),
                                        record.publish_context.end());
  out.mutable_volume_context()->insert(record.volume_context.begin(), record.volume_context.end());
  *out.mutable_capability() = Encode(record.capability);
  for (const Publication& publication : record.publications) {
    v1::StageRecord::Publication& to = *out.add_publications();
    to.set_target_path(publication.target_path);
    to.set_read_only(publication.read_only);
    *to.mutable_capability() = Encode(publication.capability);
  }
  return PrintRecord(out);
}

absl::StatusOr<StageRecord> FromJson(const std::string& json) {
  v1::StageRecord in;
  RETURN_IF_ERROR(ParseRecord(json, in));
  if (in.version() != kRecordVersion) {
    return absl::DataLossError(
        absl::StrCat("version ", in.version(), ", we know ", kRecordVersion));
  }
  const std::optional<StageState> state = Decode(in.state());
  if (!state.has_value() || in.volume_id().empty()) {
    return absl::DataLossError("a stage record needs volumeId and state");
  }
  StageRecord record;
  record.volume_id = in.volume_id();
  record.staging_path = in.staging_path();
  record.state = *state;
  record.boot_id = in.boot_id();
  record.publish_context.insert(in.publish_context().begin(), in.publish_context().end());
  record.volume_context.insert(in.volume_context().begin(), in.volume_context().end());
  record.capability = Decode(in.capability());
  for (const v1::StageRecord::Publication& from : in.publications()) {
    record.publications.push_back(
        {from.target_path(), from.read_only(), Decode(from.capability())});
  }
  return record;
}

}  // namespace

absl::string_view Name(StageState state) {
  switch (state) {
    case StageState::kStaging:
      return "staging";
    case StageState::kStaged:
      return "staged";
    case StageState::kUnstaging:
      return "unstaging";
  }
  return "unknown";
}

absl::StatusOr<volume::Target> TargetOf(const StageRecord& record) {
  return volume::DecodePublishContext(record.publish_context);
}

absl::Status RequireSameVolume(const StageRecord& record, const volume::Target& asked) {
  ASSIGN_OR_RETURN(const volume::Target staged, TargetOf(record));
  if (volume::IsSameVolume(staged, asked)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(record.volume_id, " is staged from ", staged.subsystem.text(),
                   " with another identity than the one that is asked for now"));
}

absl::StatusOr<StageRecords> StageRecords::Open(base::RecordFiles& files, std::string boot_id) {
  std::map<std::string, StageRecord, std::less<>> records;
  const auto read = [&records](const std::string& name, const std::string& json) -> absl::Status {
    ASSIGN_OR_RETURN(StageRecord record, FromJson(json));
    // A file under another name is a copy somebody made: two files never speak for one volume.
    if (RecordFileName(record.volume_id) != name) {
      return absl::DataLossError(absl::StrCat("it speaks of volume ", record.volume_id));
    }
    std::string volume_id = record.volume_id;
    records.emplace(std::move(volume_id), std::move(record));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadRecords(files, "stage record", read));
  return StageRecords(files, std::move(boot_id), std::move(records));
}

StageRecords::StageRecords(base::RecordFiles& files, std::string boot_id,
                           std::map<std::string, StageRecord, std::less<>> records)
    : files_(files), boot_id_(std::move(boot_id)), records_(std::move(records)) {}

// Only Open moves one, before any other thread knows it.
StageRecords::StageRecords(StageRecords&& other) noexcept ABSL_NO_THREAD_SAFETY_ANALYSIS
    : files_(other.files_),
      boot_id_(other.boot_id_),
      records_(std::move(other.records_)) {}

std::optional<StageRecord> StageRecords::Find(absl::string_view volume_id) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = records_.find(volume_id);
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

std::optional<StageRecord> StageRecords::FindCurrent(absl::string_view volume_id) const {
  std::optional<StageRecord> record = Find(volume_id);
  if (record.has_value() && record->boot_id != boot_id_) return std::nullopt;
  return record;
}

std::vector<StageRecord> StageRecords::List() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<StageRecord> all;
  all.reserve(records_.size());
  for (const auto& [id, record] : records_) all.push_back(record);
  return all;
}

std::vector<StageRecord> StageRecords::ListCurrent() const {
  std::vector<StageRecord> current = List();
  std::erase_if(current, [this](const StageRecord& record) { return record.boot_id != boot_id_; });
  return current;
}

std::vector<std::string> StageRecords::OthersIn(const volume::Nqn& subsystem,
                                                absl::string_view volume_id) const {
  const absl::MutexLock lock(&mutex_);
  std::vector<std::string> others;
  for (const auto& [id, record] : records_) {
    if (id == volume_id || record.boot_id != boot_id_) continue;
    const auto nqn = record.publish_context.find("nqn");
    if (nqn != record.publish_context.end() && nqn->second == subsystem.text()) {
      others.push_back(id);
    }
  }
  return others;
}

absl::Status StageRecords::Put(StageRecord record) {
  record.boot_id = boot_id_;
  if (Find(record.volume_id) == record) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string json, ToJson(record));
  // The caller holds the volume's claim, so no other thread writes this file.
  RETURN_IF_ERROR(AskAgain(files_.Write(RecordFileName(record.volume_id), json)));
  const absl::MutexLock lock(&mutex_);
  records_.insert_or_assign(record.volume_id, record);
  return absl::OkStatus();
}

absl::Status StageRecords::Erase(absl::string_view volume_id) {
  RETURN_IF_ERROR(AskAgain(files_.Remove(RecordFileName(volume_id))));
  const absl::MutexLock lock(&mutex_);
  if (const auto found = records_.find(volume_id); found != records_.end()) records_.erase(found);
  return absl::OkStatus();
}

}  // namespace nvmeof::node
