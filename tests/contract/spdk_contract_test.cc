// SpdkBackend over SPDK's RPCs in memory passes the suite that every Backend passes.

#include "backend/spdk/spdk_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_spdk.h"

namespace nvmeof::testing {
namespace {

class SpdkSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

 private:
  FakeClock clock_;
  FakeSpdk spdk_;
  backend::SpdkBackend backend_{
      "user-space",
      {.socket = "/unused",
       .lvol_store = "store",
       .portals = {{"tcp", "192.0.2.1", "4420"}, {"tcp", "2001:db8::1", "4420"}}},
      spdk_.Connect(),
      clock_};
};

INSTANTIATE_TEST_SUITE_P(Spdk, BackendContract,
                         ::testing::Values(ContractCase{
                             "Spdk", [] { return std::make_unique<SpdkSubject>(); }}));

}  // namespace
}  // namespace nvmeof::testing
