// StageRecords: what this node promised about its volumes, one JSON file each; the only state that
// the node plugin keeps on disk. The kernel says what is; a record says what shall be.
//
// Connections and mounts do not outlive a boot, and neither does the promise: a record is replaced
// atomically but not synced, because after a power cut there is nothing left that it could
// describe. A file that is torn by one is set aside like any other that cannot be read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "base/record_files.h"
#include "volume/capability.h"
#include "volume/nqn.h"
#include "volume/parameters.h"
#include "volume/target.h"

namespace nvmeof::node {

enum class StageState { kStaging, kStaged, kUnstaging };

[[nodiscard]] absl::string_view Name(StageState state);

// One path at which the volume was published to a workload.
struct Publication {
  std::string target_path;
  bool read_only = false;
  volume::VolumeCapability capability;

  friend bool operator==(const Publication&, const Publication&) = default;
};

struct StageRecord {
  std::string volume_id;
  std::string staging_path;
  StageState state = StageState::kStaging;
  std::string boot_id;
  volume::StringMap publish_context;
  volume::StringMap volume_context;
  volume::VolumeCapability capability;
  std::vector<Publication> publications;

  friend bool operator==(const StageRecord&, const StageRecord&) = default;
};

// The target that the record promises to reach.
[[nodiscard]] absl::StatusOr<volume::Target> TargetOf(const StageRecord& record);

// FailedPrecondition when `asked` is another volume than the record's; its portals may have moved.
[[nodiscard]] absl::Status RequireSameVolume(const StageRecord& record,
                                             const volume::Target& asked);

// Internally synchronised; reads are served from memory. Borrows the files, which no other process
// writes.
class StageRecords {
 public:
  // Reads all records. A file that cannot be read as one is set aside and logged; it never stops
  // the plugin. `boot_id` is that of the running kernel.
  [[nodiscard]] static absl::StatusOr<StageRecords> Open(base::RecordFiles& files,
                                                         std::string boot_id);

  StageRecords(StageRecords&& other) noexcept;
  StageRecords& operator=(StageRecords&&) = delete;
  StageRecords(const StageRecords&) = delete;
  StageRecords& operator=(const StageRecords&) = delete;
  ~StageRecords() = default;

  std::optional<StageRecord> Find(absl::string_view volume_id) const;

  // The record if it was written in this boot; what an older boot promised is gone.
  std::optional<StageRecord> FindCurrent(absl::string_view volume_id) const;

  std::vector<StageRecord> List() const;
  std::vector<StageRecord> ListCurrent() const;

  // Volumes of this boot's records, other than `volume_id`, that live in the subsystem.
  std::vector<std::string> OthersIn(const volume::Nqn& subsystem,
                                    absl::string_view volume_id) const;

  // Replaces the record of its volume, unless it says the same; stamps the boot id. After an error
  // the old record holds, and the code is one after which the orchestrator calls again.
  [[nodiscard]] absl::Status Put(StageRecord record);

  // An absent record is OK.
  [[nodiscard]] absl::Status Erase(absl::string_view volume_id);

 private:
  StageRecords(base::RecordFiles& files, std::string boot_id,
               std::map<std::string, StageRecord, std::less<>> records);

  base::RecordFiles& files_;
  const std::string boot_id_;

  mutable absl::Mutex mutex_;
  std::map<std::string, StageRecord, std::less<>> records_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
