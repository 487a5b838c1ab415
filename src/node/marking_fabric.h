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
#include "node/nvme_host.h"
#include "nvme/fabric.h"

namespace nvmeof::node {

// Borrows the host's parts and the marks. One Connect at a time, all else from any thread.
class MarkingFabric final : public nvme::Fabric {
 public:
  MarkingFabric(const NvmeHost& host, ConnectionMarks& marks) : host_(host), marks_(marks) {}

  // Errors, besides those of the fabric: those of the topology and the marks; then nothing was
  // connected. A path that has a controller by now is not marked: a crash right after it would
  // make another program's connection ours.
  [[nodiscard]] absl::Status Connect(const nvme::ConnectRequest& request) override;

  [[nodiscard]] absl::Status Disconnect(const volume::Nqn& subsystem,
                                        const std::string& controller) override {
    return host_.fabric.Disconnect(subsystem, controller);
  }
  [[nodiscard]] absl::Status Rescan(const std::string& controller) override {
    return host_.fabric.Rescan(controller);
  }
  [[nodiscard]] absl::Status SetIoPolicy(const std::string& subsystem_name,
                                         volume::IoPolicy policy) override {
    return host_.fabric.SetIoPolicy(subsystem_name, policy);
  }

 private:
  const NvmeHost host_;
  ConnectionMarks& marks_;
};

}  // namespace nvmeof::node
