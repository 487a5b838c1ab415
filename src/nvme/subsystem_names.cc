#include "nvme/subsystem_names.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

absl::StatusOr<std::vector<NamedSubsystem>> SubsystemNames::In(const SysfsDirectory& all) {
  ASSIGN_OR_RETURN(std::vector<SysfsEntry> entries, all.Entries());
  std::vector<NamedSubsystem> found;
  found.reserve(entries.size());
  std::map<std::uint64_t, NamedSubsystem> known;
  const absl::MutexLock lock(&mutex_);
  for (SysfsEntry& entry : entries) {
    auto old = known_.find(entry.node);
    if (old != known_.end() && old->second.name == entry.name) {
      found.push_back(old->second);
      known.insert(known_.extract(old));
      continue;
    }
    absl::StatusOr<std::string> nqn = all.Read(absl::StrCat(entry.name, "/subsysnqn"));
    if (absl::IsNotFound(nqn.status())) continue;
    RETURN_IF_ERROR(nqn.status());
    const absl::StatusOr<std::string> type = all.Read(absl::StrCat(entry.name, "/subsystype"));
    found.push_back({std::move(entry.name), *std::move(nqn), type.ok() && *type == "discovery"});
    known.emplace(entry.node, found.back());
  }
  known_ = std::move(known);
  return found;
}

}  // namespace nvmeof::nvme
