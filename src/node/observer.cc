#include "node/observer.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "volume/wanted_paths.h"

namespace nvmeof::node {
namespace {

Endpoint FileSystemAt(const std::string& path, const mount::MountTable& table) {
  const std::vector<mount::MountPoint> layers = table.At(path);
  if (layers.empty()) return {path, std::nullopt};
  return {path, layers.back().device};
}

}  // namespace

absl::StatusOr<PromisedVolume> Observer::Look(const StageRecord& record) const {
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(record));
  ASSIGN_OR_RETURN(std::optional<nvme::Subsystem> subsystem, host_.Look(target.subsystem));
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  return Combine(record, std::move(subsystem), table);
}

absl::StatusOr<PromisedVolume> Observer::Combine(const StageRecord& record,
                                                 std::optional<nvme::Subsystem> subsystem,
                                                 const mount::MountTable& table) const {
  ASSIGN_OR_RETURN(volume::Target target, TargetOf(record));
  ASSIGN_OR_RETURN(volume::AttachPolicy policy, volume::DecodeVolumeContext(record.volume_context));
  std::vector<volume::Path> wanted = volume::WantedPaths(target, policy);
  ASSIGN_OR_RETURN(std::vector<Endpoint> endpoints, EndpointsOf(record, table));
  return PromisedVolume{
      record.volume_id,
      record.state,
      std::move(policy),
      {std::move(target), std::move(wanted), std::move(subsystem), std::move(endpoints)},
      /*held=*/true};
}

absl::StatusOr<std::vector<Endpoint>> Observer::EndpointsOf(const StageRecord& record,
                                                            const mount::MountTable& table) const {
  std::vector<Endpoint> endpoints;
  if (record.state != StageState::kStaged) return endpoints;
  if (!record.capability.block) endpoints.push_back(FileSystemAt(record.staging_path, table));
  for (const Publication& publication : record.publications) {
    const std::string& path = publication.target_path;
    if (!record.capability.block) {
      endpoints.push_back(FileSystemAt(path, table));
      continue;
    }
    // A look at the bound device node, which lies in devtmpfs: the disk is not touched.
    ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> device, mounter_.BlockDevice(path));
    endpoints.push_back({path, device});
  }
  return endpoints;
}

}  // namespace nvmeof::node
