// CephBackend over the real protocol of two gateways in memory passes the suite that every Backend
// passes.

#include "backend/ceph/ceph_backend.h"
#include "base/clock.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_ceph.h"
#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {
namespace {

template <bool shared>
class CephSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  backend::Backend& other_controller() override { return other_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }

 private:
  base::MonotonicClock clock_;
  TemporaryDirectory directory_;
  FakeCeph ceph_{directory_.path(), FakeCeph::TwoGateways()};
  const backend::CephConfig config_ = shared ? ceph_.shared_config() : ceph_.config();
  backend::CephBackend backend_{"ceph", config_, clock_};
  backend::CephBackend other_{"ceph", config_, clock_};
};

INSTANTIATE_TEST_SUITE_P(
    Ceph, BackendContract,
    ::testing::Values(ContractCase{"Ceph", [] { return std::make_unique<CephSubject<false>>(); }},
                      ContractCase{"CephShared",
                                   [] { return std::make_unique<CephSubject<true>>(); }}));

}  // namespace
}  // namespace nvmeof::testing
