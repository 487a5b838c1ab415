// MarkingFabric: the kernel's fabric, but each path is marked as ours before it is connected, and
// the mark goes again when the path is not ours after all.
//
// Mark, connect and unmark are one step for all others, because ConnectScheduler lets one connect
// run at a time: between two volumes of a subsystem that want the same path, the failure of one
// takes no mark of the other.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "node/connection_marks.h"
#include "nvme/fabric.h"

namespace nvmeof::node {

// Borrows both. One Connect at a time, all else from any thread.
class MarkingFabric final : public nvme::Fabric {
 public:
  MarkingFabric(nvme::Fabric& fabric, ConnectionMarks& marks) : fabric_(fabric), marks_(marks) {}

  // Errors, besides those of the fabric: those of the marks; then nothing was connected.
  [[nodiscard]] absl::Status Connect(const nvme::ConnectRequest& request) override;

  [[nodiscard]] absl::Status Disconnect(const volume::Nqn& subsystem,
                                        const std::string& controller) override {
    return fabric_.Disconnect(subsystem, controller);
  }
  [[nodiscard]] absl::Status Rescan(const std::string& controller) override {
    return fabric_.Rescan(controller);
  }
  [[nodiscard]] absl::Status SetIoPolicy(const std::string& subsystem_name,
                                         volume::IoPolicy policy) override {
    return fabric_.SetIoPolicy(subsystem_name, policy);
  }

 private:
  nvme::Fabric& fabric_;
  ConnectionMarks& marks_;
};

}  // namespace nvmeof::node
