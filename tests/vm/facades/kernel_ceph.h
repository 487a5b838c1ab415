// KernelCeph: a group of Ceph's NVMe-oF gateway for tests whose images are files and whose
// subsystems are those of the kernel target, so that what CephBackend makes can be attached,
// written and read back.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "backend/backends_config.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/vm/facades/kernel_target.h"
#include "tests/vm/lab.h"

namespace nvmeof::testing {

class KernelCephEffects final : public CephEffects {
 public:
  explicit KernelCephEffects(std::string folder) : kernel_(std::move(folder)) {}

  absl::Status ImageIs(const std::string& name, const std::int64_t* bytes) override;
  absl::Status SubsystemIs(const std::string& nqn, const FakeCephSubsystem* wanted) override;
  std::set<std::string> Connected(const std::string& nqn) override;

 private:
  KernelTarget kernel_;
};

// Two gateways, each with one of the portals of the lab's storage node. Serves from its making to
// its destruction. A namespace that some hosts do not see is there as long as one sees it.
class KernelCeph {
 public:
  static constexpr char kName[] = "ceph";
  // The backend whose volumes share a subsystem.
  static constexpr char kShared[] = "rados-shared";

  // In the lab's folder; the lab's next controller has it as its only storage system, by default
  // with a subsystem for each volume.
  static absl::StatusOr<std::unique_ptr<KernelCeph>> StartFor(const Lab& lab);

  FakeCeph& gateways() { return gateways_; }

 private:
  explicit KernelCeph(const Lab& lab);

  KernelCephEffects effects_;
  FakeCeph gateways_;
};

}  // namespace nvmeof::testing
