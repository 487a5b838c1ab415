#include "target/lost_records.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::target {
namespace {

std::string Hosts(const std::optional<ShownVolume>& shown) {
  if (!shown.has_value()) return "no host";
  if (shown->any_host) return "any host";
  return shown->hosts.empty() ? "no host" : absl::StrJoin(shown->hosts, ", ");
}

absl::Status NoneOfOurs(const std::string& handle, const ShownVolume& shown) {
  return absl::FailedPreconditionError(
      absl::StrCat("volume ", handle, " has no record here, and the kernel target exports ",
                   shown.backing_path, " as this volume, which is not in this agent's pool, to ",
                   Hosts(shown), ": ask the agent that it belongs to"));
}

}  // namespace

absl::Status LostRecords::Explain(const std::string& handle) const {
  const absl::Status none = absl::NotFoundError(absl::StrCat("there is no volume ", handle));
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(handle);
  if (!uuid.ok() || uuid->Hex() != handle) return none;
  ASSIGN_OR_RETURN(const std::optional<ShownVolume> shown, Shown(handle));
  if (shown.has_value()) {
    ASSIGN_OR_RETURN(const bool ours, IsOurs(handle, *shown));
    if (!ours) return NoneOfOurs(handle, *shown);
  } else {
    const absl::Status data = storage_.pool.AllocatedBytes(handle).status();
    if (absl::IsNotFound(data)) return none;
    RETURN_IF_ERROR(data);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the record of volume ", handle, " is lost: its data is ", storage_.pool.Path(handle),
      ", and the kernel target lets in ", Hosts(shown),
      "; its name and how it was asked for cannot be known. Start the agent with the records that "
      "it had (--state-dir), or put ",
      handle,
      ".json back among them and start it again; a volume that is not wanted any more is "
      "unexported, and its data removed by hand"));
}

absl::StatusOr<std::optional<ShownVolume>> LostRecords::Shown(const std::string& handle) const {
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(handle);
  if (!uuid.ok() || uuid->Hex() != handle) return std::nullopt;
  return subsystems_.Find(volume::NqnOfVolume(*uuid));
}

absl::StatusOr<bool> LostRecords::IsOurs(const std::string& handle,
                                         const ShownVolume& shown) const {
  if (shown.backing_path != storage_.pool.Path(handle)) return false;
  // Pools may share their paths: two thin pools of one volume group.
  const absl::Status data = storage_.pool.AllocatedBytes(handle).status();
  if (absl::IsFailedPrecondition(data)) return false;
  // Removed under the kernel, which holds it open: nobody else's pool has this path.
  if (absl::IsNotFound(data)) return true;
  RETURN_IF_ERROR(data);
  return true;
}

absl::StatusOr<std::vector<std::string>> LostRecords::Exported() const {
  ASSIGN_OR_RETURN(const std::vector<volume::Uuid> volumes, subsystems_.Volumes());
  std::vector<std::string> exported;
  for (const volume::Uuid& uuid : volumes) {
    const std::string handle = uuid.Hex();
    if (storage_.store.Find(handle).has_value()) continue;
    ASSIGN_OR_RETURN(const std::optional<ShownVolume> shown, Shown(handle));
    if (!shown.has_value()) continue;
    ASSIGN_OR_RETURN(const bool ours, IsOurs(handle, *shown));
    if (ours) exported.push_back(handle);
  }
  absl::c_sort(exported);
  return exported;
}

void LostRecords::Tell(const std::vector<std::string>& data) const {
  const absl::StatusOr<std::vector<std::string>> exported = Exported();
  if (!exported.ok()) {
    base::Log(base::Level::kError, "kernel target not compared with the records",
              {{"error", exported.status().ToString()}});
  }
  const std::vector<std::string> live = exported.value_or(std::vector<std::string>{});
  for (const std::string& handle : live) {
    const auto shown = Shown(handle);
    base::Log(base::Level::kWarning, "exported volume without a record is kept",
              {{"data", storage_.pool.Path(handle)},
               {"hosts", Hosts(shown.value_or(std::optional<ShownVolume>()))}});
  }
  for (const std::string& handle : data) {
    if (absl::c_linear_search(live, handle)) continue;
    base::Log(base::Level::kWarning, "data without a record is kept",
              {{"data", storage_.pool.Path(handle)}});
  }
}

}  // namespace nvmeof::target
