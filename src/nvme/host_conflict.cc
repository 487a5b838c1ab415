#include "nvme/host_conflict.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "nvme/sysfs_directory.h"

namespace nvmeof::nvme {

std::optional<std::string> FindHostConflict(const std::string& sys_root, const HostIdentity& host) {
  const absl::StatusOr<SysfsDirectory> all =
      SysfsDirectory::Open(absl::StrCat(sys_root, "/class/nvme"));
  if (!all.ok()) return std::nullopt;
  const absl::StatusOr<std::vector<std::string>> names = all->List();
  if (!names.ok()) return std::nullopt;
  for (const std::string& name : *names) {
    const absl::StatusOr<std::string> nqn = all->Read(absl::StrCat(name, "/hostnqn"));
    const absl::StatusOr<std::string> id = all->Read(absl::StrCat(name, "/hostid"));
    if (!nqn.ok() || !id.ok()) continue;  // a local disk, or gone
    const bool same_nqn = *nqn == host.nqn.text();
    const bool same_id = absl::EqualsIgnoreCase(*id, host.id);
    if (same_nqn == same_id) continue;
    return absl::StrCat(name, " is connected as host ", *nqn, " with host id ", *id,
                        ", and Linux 6.5 and newer take no other pair with either: this node is ",
                        host.nqn.text(), " with ", host.id);
  }
  return std::nullopt;
}

}  // namespace nvmeof::nvme
