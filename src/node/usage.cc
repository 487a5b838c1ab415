#include "node/usage.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "mount/usage.h"

namespace nvmeof::node {

bool IsAt(const StageRecord& record, const std::string& path) {
  return record.staging_path == path ||
         std::any_of(
             record.publications.begin(), record.publications.end(),
             [&](const Publication& publication) { return publication.target_path == path; });
}

absl::StatusOr<VolumeUsage> Usage::Read(const std::string& volume_id,
                                        const std::string& path) const {
  const std::optional<StageRecord> record = records_.FindCurrent(volume_id);
  if (!record.has_value() || !IsAt(*record, path)) {
    return absl::NotFoundError(absl::StrCat(volume_id, " is not at ", path));
  }
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(*record));
  ASSIGN_OR_RETURN(const nvme::Namespace ns, attacher_.Find(target));
  VolumeUsage usage;
  if (record->capability.block) {
    usage.block = true;
    usage.total_bytes = static_cast<std::int64_t>(ns.size_bytes);
    return usage;
  }
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> layers = table.At(path);
  if (layers.empty()) {
    return absl::NotFoundError(absl::StrCat(volume_id, " is not mounted at ", path));
  }
  if (layers.back().device != ns.number) {
    return absl::UnavailableError(
        absl::StrCat("stale: ", path, " is mounted from ", base::Describe(layers.back().device),
                     ", the volume is ", base::Describe(ns.number), " now"));
  }
  ASSIGN_OR_RETURN(const mount::FsUsage fs, mount::ReadUsage(path));
  usage.total_bytes = fs.total_bytes;
  usage.available_bytes = fs.available_bytes;
  usage.used_bytes = fs.used_bytes;
  usage.total_inodes = fs.total_inodes;
  usage.available_inodes = fs.available_inodes;
  usage.used_inodes = fs.used_inodes;
  return usage;
}

}  // namespace nvmeof::node
