// SubsystemNames: which subsystems the kernel shows under which names, each read once. What a node
// with hundreds of volumes looks at all the time is thus one folder's list.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace nvmeof::nvme {

class SysfsDirectory;

struct NamedSubsystem {
  std::string name;  // "nvme-subsys0"
  std::string nqn;
  bool discovery = false;
};

// Internally synchronised.
class SubsystemNames {
 public:
  // As `all`, which is /sys/class/nvme-subsystem, shows them now; those that vanish meanwhile are
  // left out. A name may belong to another subsystem by the time that it is used.
  absl::StatusOr<std::vector<NamedSubsystem>> In(const SysfsDirectory& all)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  std::map<std::uint64_t, NamedSubsystem> known_ ABSL_GUARDED_BY(mutex_);  // by SysfsEntry::node
};

}  // namespace nvmeof::nvme
