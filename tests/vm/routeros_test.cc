// The routeros backend on a router whose exports are the kernel's: it passes what every backend
// must pass, and its volumes are attached, written, grown and read back.
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/http/http_client.h"
#include "backend/routeros/routeros_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/facades/kernel_routeros.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/storage_lab.h"

namespace nvmeof::testing {
namespace {

using RouterosLab = StorageLab<KernelRouteros>;

// Its router does at once what it takes on: the unit tests have one that takes its time.
class RouterosSubject final : public StorageSubject {
 public:
  RouterosSubject() { RouterosLab::Get().facade().router().SetDelay(0); }

  backend::Backend& backend() override { return backend_; }

 private:
  const backend::RouterosConfig config_ = RouterosLab::Get().facade().config();
  backend::RouterosBackend backend_{
      "rose", config_, std::make_unique<backend::HttpClient>(config_.router, clock_), clock_};
};

INSTANTIATE_TEST_SUITE_P(Routeros, BackendContract,
                         ::testing::Values(CaseOn<KernelRouteros, RouterosSubject>("Routeros")));

class RouterosLifeTest : public StorageLifeTest<KernelRouteros> {
 protected:
  void SetUp() override {
    facade().router().SetDelay(1);
    StorageLifeTest::SetUp();
  }
};

// After it the router calls its disks and files by other ids.
TEST_P(RouterosLifeTest, KeepsItsDataThroughGrowthAndRestartOfTheRouter) {
  PodVolume volume = NewVolume();
  Live(volume, {.while_detached = [] { facade().router().Restart(); }});
}

TEST_P(RouterosLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RouterosLifeTest, StorageKinds(),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
