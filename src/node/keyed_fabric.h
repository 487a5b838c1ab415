// KeyedFabric: the kernel's fabric, but each connect brings the keys of its subsystem.
//
// Keys are kept in memory alone. A plugin that was started again has none; the kernel still has
// those of the paths that it holds, and nvme::Fabric takes them from there.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "nvme/fabric.h"
#include "volume/authentication.h"
#include "volume/nqn.h"

namespace nvmeof::node {

// Internally synchronised. Borrows the fabric.
class KeyedFabric final : public nvme::Fabric {
 public:
  explicit KeyedFabric(nvme::Fabric& fabric) : fabric_(fabric) {}

  // For connects from now on; paths that there are keep theirs.
  void Use(const volume::Nqn& subsystem, const volume::AuthenticationKeys& keys);

  // Unless `unwanted`, asked while no Use of any subsystem runs, says no.
  void Forget(const volume::Nqn& subsystem, const std::function<bool()>& unwanted);

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
  absl::Mutex mutex_;
  std::map<volume::Nqn, volume::AuthenticationKeys> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
