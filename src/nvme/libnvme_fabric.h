// LibnvmeFabric: the Fabric of this machine's kernel. libnvme connects; controllers are deleted and
// rescanned, and policies set, by writing to sysfs.
//
// Safe to use from several threads: libnvme has no locks, so each Connect makes its own libnvme
// objects and frees them.
#pragma once

#include <string>

#include "nvme/fabric.h"

namespace nvmeof::nvme {

class LibnvmeFabric final : public Fabric {
 public:
  explicit LibnvmeFabric(HostIdentity host, std::string sys_root = "/sys");

  // Also InvalidArgument for zero times, which libnvme cannot express.
  absl::Status Connect(const ConnectRequest& request) override;

  // These refuse names that are not the kernel's (InvalidArgument). FailedPrecondition for a
  // controller whose connect has not ended.
  absl::Status Disconnect(const volume::Nqn& subsystem, const std::string& controller) override;
  absl::Status Rescan(const std::string& controller) override;
  absl::Status SetIoPolicy(const std::string& subsystem_name, volume::IoPolicy policy) override;

 private:
  absl::Status Refusal(int error, const ConnectRequest& request) const;

  const HostIdentity host_;
  const std::string sys_root_;
};

}  // namespace nvmeof::nvme
