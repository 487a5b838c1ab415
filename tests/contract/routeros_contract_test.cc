// RouterosBackend over a router's REST interface in memory passes the suite that every Backend
// passes.

#include "backend/routeros/routeros_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_routeros.h"

namespace nvmeof::testing {
namespace {

class RouterosSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return absl::InfiniteFuture(); }

 private:
  FakeClock clock_;
  FakeRouteros router_;
  backend::RouterosBackend backend_{
      "rose",
      {.router = {},
       .disk = "raid1",
       .portals = {{"tcp", "192.0.2.1", "4420"}, {"tcp", "2001:db8::1", "4420"}}},
      router_.Connect(),
      clock_};
};

INSTANTIATE_TEST_SUITE_P(Routeros, BackendContract,
                         ::testing::Values(ContractCase{
                             "Routeros", [] { return std::make_unique<RouterosSubject>(); }}));

}  // namespace
}  // namespace nvmeof::testing
