#include "target/provisioner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

// It has a record, of a volume that nobody was told of or that is on its way out.
absl::Status NoSuchVolume(const std::string& handle) {
  return absl::NotFoundError(absl::StrCat("there is no volume ", handle));
}

}  // namespace

Provisioner::Provisioner(Storage storage, Exporter& exporter, Room& room,
                         const ProvisionerOptions& options)
    : storage_(storage), exporter_(exporter), room_(room), options_(options) {}

absl::StatusOr<VolumeRecord> Provisioner::Create(const CreateRequest& request) {
  const auto claim = storage_.claims.TryTake(absl::StrCat("name:", request.name));
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call makes volume ", request.name));
  }
  if (const auto known = storage_.store.FindByName(request.name); known.has_value()) {
    if (known->state == VolumeRecord::State::kReady) {
      return absl::AlreadyExistsError(
          absl::StrCat("name ", request.name, " belongs to volume ", known->Handle()));
    }
    // What an earlier call left, which was never answered, or a deletion that got stuck.
    const auto old = storage_.claims.TryTake(known->Handle());
    if (!old.has_value()) return absl::AbortedError("the old volume of this name is being deleted");
    RETURN_IF_ERROR(Purge(*known));
  }
  if (options_.drained) {
    return absl::ResourceExhaustedError("the agent is drained: it takes no new volumes");
  }
  return Make(request);
}

absl::StatusOr<VolumeRecord> Provisioner::Make(const CreateRequest& request) {
  ASSIGN_OR_RETURN(const std::int64_t bytes,
                   volume::ChooseSize(request.size, storage_.pool.Rules()));
  ASSIGN_OR_RETURN(const Reservation reservation, room_.Reserve(bytes));
  VolumeRecord record{.state = VolumeRecord::State::kCreating,
                      .uuid = volume::Uuid::Random(),
                      .nguid = volume::Uuid::Random(),
                      .name = request.name,
                      .size_bytes = bytes,
                      .provisioning = request.provisioning,
                      .fingerprint = request.fingerprint,
                      .context = request.context,
                      .exports = {}};
  if (record.provisioning == volume::Provisioning::kBackendDefault) {
    record.provisioning = options_.usual;
  }
  absl::Cleanup undo = [this, &record] {
    if (const absl::Status purged = Purge(record); !purged.ok()) {
      base::Log(base::Level::kWarning, "unfinished volume left behind",
                {{"volume", record.Handle()}, {"error", purged.ToString()}});
    }
  };
  RETURN_IF_ERROR(storage_.store.Put(record));
  RETURN_IF_ERROR(storage_.pool.Create(record.Handle(), bytes, record.provisioning));
  record.state = VolumeRecord::State::kReady;
  RETURN_IF_ERROR(storage_.store.Put(record));
  std::move(undo).Cancel();
  return record;
}

absl::Status Provisioner::Delete(const std::string& handle) {
  const auto claim = storage_.claims.TryTake(handle);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call works on volume ", handle));
  }
  std::optional<VolumeRecord> record = storage_.store.Find(handle);
  if (!record.has_value()) return exporter_.lost().Explain(handle);
  if (record->state == VolumeRecord::State::kCreating) return NoSuchVolume(handle);
  if (!record->exports.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("volume ", handle, " is exported to ", record->exports.front().host.text()));
  }
  if (record->state != VolumeRecord::State::kDeleting) {
    record->state = VolumeRecord::State::kDeleting;
    RETURN_IF_ERROR(storage_.store.Put(*record));
  }
  return Purge(*record);
}

absl::StatusOr<std::int64_t> Provisioner::Expand(const std::string& handle,
                                                 const volume::SizeRange& size) {
  const auto claim = storage_.claims.TryTake(handle);
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call works on volume ", handle));
  }
  std::optional<VolumeRecord> record = storage_.store.Find(handle);
  if (!record.has_value()) return exporter_.lost().Explain(handle);
  if (record->state != VolumeRecord::State::kReady) return NoSuchVolume(handle);
  return Grow(*std::move(record), size);
}

absl::StatusOr<std::int64_t> Provisioner::Grow(VolumeRecord record, const volume::SizeRange& size) {
  ASSIGN_OR_RETURN(const std::int64_t wanted, volume::ChooseSize(size, storage_.pool.Rules()));
  if (!volume::Fits(record.size_bytes, size)) {
    if (wanted < record.size_bytes) {
      return absl::OutOfRangeError(
          absl::StrCat("volume ", record.Handle(), " has ", record.size_bytes, " bytes already"));
    }
    ASSIGN_OR_RETURN(const Reservation reservation, room_.Reserve(wanted - record.size_bytes));
    // May be more than wanted, when a larger expansion was cut short.
    ASSIGN_OR_RETURN(record.size_bytes,
                     storage_.pool.Grow(record.Handle(), wanted, record.provisioning));
    RETURN_IF_ERROR(storage_.store.Put(record));
  }
  // Also when the size was right: the call before may have ended here.
  RETURN_IF_ERROR(exporter_.Revalidate(record));
  return record.size_bytes;
}

absl::StatusOr<Capacity> Provisioner::GetCapacity() const {
  const volume::SizeRules rules = storage_.pool.Rules();
  std::int64_t available = 0;
  if (!options_.drained) {
    ASSIGN_OR_RETURN(available, room_.Available());
  }
  const std::int64_t largest = std::min(available, rules.maximum_bytes);
  return Capacity{.available_bytes = available,
                  .maximum_volume_bytes = largest - largest % rules.granularity_bytes,
                  .minimum_volume_bytes = rules.minimum_bytes,
                  .granularity_bytes = rules.granularity_bytes};
}

void Provisioner::Recover() {
  for (const VolumeRecord& record : storage_.store.All()) {
    if (record.state == VolumeRecord::State::kReady) continue;
    if (const absl::Status purged = Purge(record); !purged.ok()) {
      base::Log(base::Level::kError, "unfinished volume not removed",
                {{"volume", record.Handle()}, {"error", purged.ToString()}});
    }
  }
  TellStrays();
}

absl::StatusOr<Strays> Provisioner::FindStrays() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> handles, storage_.pool.Handles());
  Strays strays;
  for (const std::string& handle : handles) {
    if (!storage_.store.Find(handle).has_value()) strays.without_record.push_back(handle);
  }
  for (const VolumeRecord& record : storage_.store.All()) {
    if (record.state != VolumeRecord::State::kReady) continue;
    if (!absl::c_linear_search(handles, record.Handle())) {
      strays.without_data.push_back(record.Handle());
    }
  }
  return strays;
}

void Provisioner::TellStrays() const {
  const absl::StatusOr<Strays> strays = FindStrays();
  if (!strays.ok()) {
    base::Log(base::Level::kError, "pool not compared with the records",
              {{"error", strays.status().ToString()}});
    return;
  }
  for (const std::string& handle : strays->without_data) {
    base::Log(base::Level::kError, "volume has lost its data",
              {{"volume", handle}, {"expected", storage_.pool.Path(handle)}});
  }
  exporter_.lost().Tell(strays->without_record);
}

absl::Status Provisioner::Purge(const VolumeRecord& record) {
  RETURN_IF_ERROR(exporter_.Withdraw(record));
  RETURN_IF_ERROR(storage_.pool.Remove(record.Handle()));
  return storage_.store.Erase(record.Handle());
}

}  // namespace nvmeof::target
