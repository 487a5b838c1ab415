// Provisioner: which volumes exist and how large they are. Who may reach them is the Exporter's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "target/exporter.h"
#include "target/room.h"
#include "target/volume_record.h"
#include "volume/parameters.h"
#include "volume/size.h"

namespace nvmeof::target {

struct CreateRequest {
  std::string name;
  volume::SizeRange size;
  volume::Provisioning provisioning = volume::Provisioning::kBackendDefault;
  std::string fingerprint;
  volume::StringMap context;
};

struct Capacity {
  std::int64_t available_bytes = 0;
  std::int64_t maximum_volume_bytes = 0;
  std::int64_t minimum_volume_bytes = 0;
  std::int64_t granularity_bytes = 0;
};

struct ProvisionerOptions {
  // Thin or thick, for requests that name neither.
  volume::Provisioning usual = volume::Provisioning::kThin;
  // No new volumes; those that are there may still do everything.
  bool drained = false;
};

// By handle. Nothing of it is ever removed by itself.
struct Strays {
  std::vector<std::string> without_data;    // ready volumes
  std::vector<std::string> without_record;  // data, and nobody knows whose
};

// Borrows all. Safe to use from several threads. Every call blocks on the disk or the kernel
// without a bound of its own and runs in a worker therefore. Aborted: the claim is taken. NotFound:
// there is no volume; one whose record is lost is what LostRecords says.
class Provisioner {
 public:
  Provisioner(Storage storage, Exporter& exporter, Room& room, const ProvisionerOptions& options);

  volume::Provisioning usual() const { return options_.usual; }

  // A blank volume. AlreadyExists: the name is taken. OutOfRange: no size meets the range or could
  // ever. ResourceExhausted: drained, or no room now, and nothing was written.
  absl::StatusOr<VolumeRecord> Create(const CreateRequest& request);

  // NotFound; FailedPrecondition while exported, naming a host. The data is gone afterwards. Of a
  // volume whose record is lost nothing is deleted.
  absl::Status Delete(const std::string& handle);

  // The size afterwards; hosts are told. Large enough already is OK and changes nothing. NotFound,
  // OutOfRange, ResourceExhausted.
  absl::StatusOr<std::int64_t> Expand(const std::string& handle, const volume::SizeRange& size);

  // For new volumes; without any room when drained.
  absl::StatusOr<Capacity> GetCapacity() const;

  // At the start: removes volumes that were never answered, completes deletions, and logs what
  // strays, also in the kernel. What fails is logged and tried again by the next Create of that
  // name or Delete.
  void Recover();

  // What records and pool do not agree on.
  absl::StatusOr<Strays> FindStrays() const;

 private:
  absl::StatusOr<VolumeRecord> Make(const CreateRequest& request);
  absl::StatusOr<std::int64_t> Grow(VolumeRecord record, const volume::SizeRange& size);
  void TellStrays() const;
  absl::Status Purge(const VolumeRecord& record);

  const Storage storage_;
  Exporter& exporter_;
  Room& room_;
  const ProvisionerOptions options_;
};

}  // namespace nvmeof::target
