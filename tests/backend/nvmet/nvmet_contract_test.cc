// NvmetBackend over two agents passes the suite that every Backend passes.

#include "backend/nvmet/nvmet_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/fakes/fake_agent.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {
namespace {

class NvmetSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(30); }
  std::vector<std::string> places() const override { return {"agent-a", "agent-b"}; }
  void TakeDown(const std::string& place) override { Agent(place).TakeDown(); }
  void BringUp(const std::string& place) override { Agent(place).BringUp(); }

 private:
  FakeAgent& Agent(const std::string& place) { return place == "agent-a" ? a_ : b_; }

  FakeClock clock_;
  TemporaryDirectory directory_;
  FakeAgent a_{"agent-a", "unix://" + directory_.File("a.sock")};
  FakeAgent b_{"agent-b", "unix://" + directory_.File("b.sock")};
  backend::NvmetBackend backend_{"fast", {{a_.config(), b_.config()}}, clock_};
};

ContractCase Nvmet() {
  return {"Nvmet", [] { return std::make_unique<NvmetSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Nvmet, BackendContract, ::testing::Values(Nvmet()));
INSTANTIATE_TEST_SUITE_P(Nvmet, PlacesContract, ::testing::Values(Nvmet()));

}  // namespace
}  // namespace nvmeof::testing
