#include "target/volume_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "target/volume_codec.h"

namespace nvmeof::target {
namespace {

constexpr absl::string_view kSuffix = ".json";

// Room for a thousand hosts. A longer one could not be read back.
constexpr std::size_t kLongestRecord = std::size_t{1} << 20;

std::string FileName(const std::string& handle) { return absl::StrCat(handle, kSuffix); }

absl::StatusOr<VolumeRecord> DecodeFile(const std::string& name, const std::string& text) {
  ASSIGN_OR_RETURN(VolumeRecord record, DecodeRecord(text));
  if (FileName(record.Handle()) != name) {
    return absl::InvalidArgumentError(absl::StrCat("the record of ", record.Handle()));
  }
  return record;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VolumeStore>> VolumeStore::Load(RecordFolder& folder) {
  std::unique_ptr<VolumeStore> store(new VolumeStore(folder));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, folder.Names());
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kSuffix)) continue;
    RETURN_IF_ERROR(base::Annotate(store->LoadOne(name), absl::StrCat("record ", name)));
  }
  return store;
}

absl::Status VolumeStore::LoadOne(const std::string& name) {
  const absl::StatusOr<std::string> text = folder_.Read(name);
  // Too long is no record; another error may be gone at the next start.
  if (!text.ok() && !absl::IsOutOfRange(text.status())) return text.status();
  const absl::StatusOr<VolumeRecord> record =
      text.ok() ? DecodeFile(name, *text) : absl::InvalidArgumentError("too long for a record");
  if (record.ok()) {
    Index(*record);
    return absl::OkStatus();
  }
  if (absl::IsFailedPrecondition(record.status())) return record.status();
  ASSIGN_OR_RETURN(const std::string aside, folder_.SetAside(name));
  base::Log(base::Level::kError, "volume record set aside",
            {{"file", name}, {"as", aside}, {"error", record.status().ToString()}});
  return absl::OkStatus();
}

absl::Status VolumeStore::Put(const VolumeRecord& record) {
  const std::string text = EncodeRecord(record);
  if (text.size() > kLongestRecord) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the record of volume ", record.Handle(), " has ", text.size(), " bytes"));
  }
  RETURN_IF_ERROR(folder_.Write(FileName(record.Handle()), text));
  Index(record);
  return absl::OkStatus();
}

absl::Status VolumeStore::Erase(const std::string& handle) {
  RETURN_IF_ERROR(folder_.Remove(FileName(handle)));
  const absl::MutexLock lock(&mutex_);
  const auto found = by_handle_.find(handle);
  if (found == by_handle_.end()) return absl::OkStatus();
  const auto name = handle_by_name_.find(found->second.name);
  if (name != handle_by_name_.end() && name->second == handle) handle_by_name_.erase(name);
  by_handle_.erase(found);
  return absl::OkStatus();
}

std::optional<VolumeRecord> VolumeStore::Find(const std::string& handle) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = by_handle_.find(handle);
  if (found == by_handle_.end()) return std::nullopt;
  return found->second;
}

std::optional<VolumeRecord> VolumeStore::FindByName(const std::string& name) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = handle_by_name_.find(name);
  if (found == handle_by_name_.end()) return std::nullopt;
  return by_handle_.at(found->second);
}

std::vector<VolumeRecord> VolumeStore::All() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<VolumeRecord> records;
  records.reserve(by_handle_.size());
  for (const auto& [handle, record] : by_handle_) records.push_back(record);
  return records;
}

void VolumeStore::Index(const VolumeRecord& record) {
  const absl::MutexLock lock(&mutex_);
  by_handle_.insert_or_assign(record.Handle(), record);
  handle_by_name_.insert_or_assign(record.name, record.Handle());
}

}  // namespace nvmeof::target
