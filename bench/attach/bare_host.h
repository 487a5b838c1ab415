// BareHost: the least that any program must do to attach a volume, as the measure of what the
// driver adds: hand each path to the kernel, wait until it says that the disk is there; and to
// detach it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "base/unique_fd.h"
#include "volume/path.h"

namespace nvmeof::bench {

// One thread at a time.
class BareHost {
 public:
  static absl::StatusOr<BareHost> Open(std::string host_nqn, std::string host_id);

  // One write to /dev/nvme-fabrics a path, one after the other, with the driver's default options;
  // then waits for the kernel's word that a disk was added. Answers the disk's node.
  absl::StatusOr<std::string> Attach(const std::string& nqn,
                                     const std::vector<volume::Path>& paths);

  // One write to delete_controller for each path of the latest Attach calls. The kernel answers
  // when the controller is gone, and the disk with the last one.
  absl::Status Detach();

 private:
  BareHost(std::string host_nqn, std::string host_id, base::UniqueFd events)
      : host_nqn_(std::move(host_nqn)), host_id_(std::move(host_id)), events_(std::move(events)) {}
  absl::Status Connect(const std::string& nqn, const volume::Path& path);
  absl::StatusOr<std::string> AwaitDisk();
  void DropEvents();

  std::string host_nqn_;
  std::string host_id_;
  base::UniqueFd events_;  // kernel uevents
  std::vector<std::string> controllers_;
};

}  // namespace nvmeof::bench
