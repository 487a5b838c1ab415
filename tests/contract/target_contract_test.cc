// NvmetBackend and the target agent, joined by the real protocol over a kernel and a pool in
// memory, one of bytes and one of LVM, pass the suite that every Backend passes.

#include <memory>
#include <utility>

#include "backend/nvmet/nvmet_backend.h"
#include "base/clock.h"
#include "target/lvm_pool.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_lvm.h"
#include "tests/target/served_target.h"

namespace nvmeof::testing {
namespace {

// A storage node with a thin pool.
struct LvmMachine {
  base::MonotonicClock clock;
  FakeLvm lvm{std::int64_t{100} << 30};
  std::unique_ptr<target::LvmPool> pool =
      *target::LvmPool::Open({.volume_group = "vg", .name = "thin"}, lvm, clock);
};

class TargetSubject final : public ContractSubject {
 public:
  explicit TargetSubject(std::unique_ptr<LvmMachine> lvm = nullptr)
      : lvm_(std::move(lvm)), agent_(clock_, lvm_ == nullptr ? nullptr : lvm_->pool.get()) {}

  backend::Backend& backend() override { return backend_; }
  backend::Backend& other_controller() override { return other_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(30); }

 private:
  base::MonotonicClock clock_;
  const std::unique_ptr<LvmMachine> lvm_;
  ServedTarget agent_;
  backend::NvmetBackend backend_{"fast", {{{"agent-a", agent_.address()}}}, clock_};
  backend::NvmetBackend other_{"fast", {{{"agent-a", agent_.address()}}}, clock_};
};

INSTANTIATE_TEST_SUITE_P(
    Target, BackendContract,
    ::testing::Values(ContractCase{"Target", [] { return std::make_unique<TargetSubject>(); }},
                      ContractCase{"Lvm", [] {
                                     return std::make_unique<TargetSubject>(
                                         std::make_unique<LvmMachine>());
                                   }}));

}  // namespace
}  // namespace nvmeof::testing
