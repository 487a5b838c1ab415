// The spdk backend on an SPDK target whose subsystems are the kernel's: it passes what every
// backend must pass, and its volumes are attached, written, grown and read back.
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/spdk/spdk_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/facades/kernel_spdk.h"
#include "tests/vm/kernel.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/storage_lab.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using SpdkLab = StorageLab<KernelSpdk>;

class SpdkSubject final : public StorageSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  backend::Backend& other_controller() override { return other_; }

 private:
  std::unique_ptr<backend::RpcTransport> Connect() {
    return std::make_unique<backend::UnixRpcTransport>(config_.socket, clock_);
  }

  const backend::SpdkConfig config_ = KernelSpdk::ConfigFor(SpdkLab::Get().lab());
  backend::SpdkBackend backend_{"user-space", config_, Connect(), clock_};
  backend::SpdkBackend other_{"user-space", config_, Connect(), clock_};
};

INSTANTIATE_TEST_SUITE_P(Spdk, BackendContract,
                         ::testing::Values(CaseOn<KernelSpdk, SpdkSubject>("Spdk")));

class SpdkLifeTest : public StorageLifeTest<KernelSpdk> {};

TEST_P(SpdkLifeTest, KeepsItsDataThroughGrowthAndRestartOfTheTarget) {
  PodVolume volume = NewVolume();
  Live(volume, {.while_detached = [] { facade().target().Restart(); }});
}

// The target starts anew under a pod, and the orchestrator publishes again what is not exported.
TEST_P(SpdkLifeTest, IsThereAgainWhenPublishedAgainAfterARestartOfTheTarget) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kLifePatience));
  facade().target().Restart();
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return CountLive(volume.nqn()) == 0; }));
  ASSERT_OK(volume.ControllerPublish());
  EXPECT_TRUE(writer.WaitFor(50, kLifePatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_P(SpdkLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SpdkLifeTest, StorageKinds(),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
