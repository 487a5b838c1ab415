#include "nvme/controller_paths.h"

#include "base/status_macros.h"
#include "nvme/controller_address.h"
#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

absl::StatusOr<volume::Path> ControllerPaths::Of(const SysfsDirectory& controller,
                                                 const std::string& name) {
  ASSIGN_OR_RETURN(const std::uint64_t node, controller.Node());
  {
    const absl::MutexLock lock(&mutex_);
    const auto known = known_.find(name);
    if (known != known_.end() && known->second.node == node) return known->second.path;
  }
  ASSIGN_OR_RETURN(const std::string transport, controller.Read("transport"));
  ASSIGN_OR_RETURN(const std::string address, controller.Read("address"));
  volume::Path path = ParseControllerAddress(transport, address);
  const absl::MutexLock lock(&mutex_);
  known_.insert_or_assign(name, Known{node, path});
  return path;
}

}  // namespace nvmeof::nvme
