// ControllerPaths: the path of each controller, which never changes while it lives, read once.
//
// Not only to save work. Linux (6.12 among others) answers a read of a TCP controller's `address`
// with the source address of its socket, and a controller that is taken apart at that instant has
// none any more: the reader dies in the kernel, with a lock that the controller's deletion then
// waits for until the machine is started anew.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "volume/path.h"

namespace nvmeof::nvme {

class SysfsDirectory;

// Internally synchronised.
class ControllerPaths {
 public:
  // Of the controller in this folder, whose name is `name`. NotFound when it is gone.
  absl::StatusOr<volume::Path> Of(const SysfsDirectory& controller, const std::string& name)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Known {
    std::uint64_t node;  // SysfsEntry::node of the folder
    volume::Path path;
  };

  absl::Mutex mutex_;
  // By name: the kernel gives names out again, so there are no more than controllers at one time.
  std::map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::nvme
