// The ceph backend on two gateways whose subsystems are the kernel's: it passes what every backend
// must pass, and its volumes are attached, written, grown and read back, also when a gateway ends.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/facades/kernel_ceph.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/storage_lab.h"

namespace nvmeof::testing {
namespace {

using CephLab = StorageLab<KernelCeph>;

class CephSubject final : public StorageSubject {
 public:
  backend::Backend& backend() override { return backend_; }

 private:
  backend::CephBackend backend_{"rados", CephLab::Get().facade().gateways().config(), clock_};
};

INSTANTIATE_TEST_SUITE_P(Ceph, BackendContract,
                         ::testing::Values(CaseOn<KernelCeph, CephSubject>("Ceph")));

class CephLifeTest : public StorageLifeTest<KernelCeph> {};

TEST_P(CephLifeTest, KeepsItsDataThroughGrowthAndRestage) {
  PodVolume volume = NewVolume();
  Live(volume);
}

// Its control API; the data path of these gateways is the kernel's.
TEST_P(CephLifeTest, GrowsWhileAGatewayIsAwayAndIsDetachedWhenItIsBack) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  facade().gateways().Stop(0);
  EXPECT_OK(volume.Expand(2 * kLifeGib));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_FALSE(volume.ControllerUnpublish().ok()) << "nobody knows whom that gateway serves";
  facade().gateways().Start(0);
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return volume.ControllerUnpublish().ok(); }));
  EXPECT_OK(volume.Delete());
}

TEST_P(CephLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CephLifeTest, StorageKinds(),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
