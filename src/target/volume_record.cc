#include "target/volume_record.h"

#include <algorithm>

namespace nvmeof::target {

volume::Nqn VolumeRecord::SubsystemNqn() const { return volume::NqnOfVolume(uuid); }

const Export* VolumeRecord::FindExport(const volume::Nqn& host) const {
  const auto found = std::find_if(exports.begin(), exports.end(),
                                  [&host](const Export& one) { return one.host == host; });
  return found == exports.end() ? nullptr : &*found;
}

std::vector<volume::Nqn> VolumeRecord::AllowedHosts() const {
  std::vector<volume::Nqn> hosts;
  for (const Export& one : exports) {
    if (!one.leaving) hosts.push_back(one.host);
  }
  return hosts;
}

}  // namespace nvmeof::target
