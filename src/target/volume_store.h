// VolumeStore: the agent's volume records, on disk and in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "target/record_folder.h"
#include "target/volume_record.h"

namespace nvmeof::target {

// Borrows the folder. Internally synchronised; two threads must not change the same volume at once
// (the callers hold its claim). Put and Erase block on the disk, the others do not.
class VolumeStore {
 public:
  // Reads all records. A file that is no record (cut off, foreign) is set aside with a log line:
  // it costs its volume, not the agent. FailedPrecondition: the record of a newer agent.
  static absl::StatusOr<std::unique_ptr<VolumeStore>> Load(RecordFolder& folder);

  // After OK the record outlives a power cut. On an error the old one holds here, and either of
  // them on disk: the caller repeats or undoes. ResourceExhausted also for a record of more than
  // 1 MiB.
  absl::Status Put(const VolumeRecord& record);
  // An absent one is OK.
  absl::Status Erase(const std::string& handle);

  std::optional<VolumeRecord> Find(const std::string& handle) const;
  std::optional<VolumeRecord> FindByName(const std::string& name) const;
  std::vector<VolumeRecord> All() const;  // sorted by handle

 private:
  explicit VolumeStore(RecordFolder& folder) : folder_(folder) {}
  absl::Status LoadOne(const std::string& name);
  void Index(const VolumeRecord& record);

  RecordFolder& folder_;

  mutable absl::Mutex mutex_;
  std::map<std::string, VolumeRecord> by_handle_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> handle_by_name_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::target
