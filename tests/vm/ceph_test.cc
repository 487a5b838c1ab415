// The ceph backend on two gateways whose subsystems are the kernel's: it passes what every backend
// must pass, and its volumes are attached, written, grown and read back, also when a gateway ends.
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/ceph/ceph_backend.h"
#include "base/clock.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/backend_life.h"
#include "tests/vm/eventually.h"
#include "tests/vm/facades/kernel_ceph.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

// A lab whose storage node is a group of gateways. Lives as long as the program.
class CephLab final : public ::testing::Environment {
 public:
  void SetUp() override {
    auto lab = Lab::Create("ceph");
    ASSERT_OK(lab);
    lab_ = *std::move(lab);
    auto ceph = KernelCeph::StartFor(*lab_);
    ASSERT_OK(ceph);
    ceph_ = *std::move(ceph);
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    EXPECT_TRUE(Eventually(kLifePatience, [this] { return lab_->Leftovers().empty(); }));
    EXPECT_THAT(lab_->Leftovers(), ::testing::IsEmpty());
    ceph_.reset();
    lab_.reset();
  }

  Lab& lab() { return *lab_; }
  KernelCeph& ceph() { return *ceph_; }

 private:
  std::unique_ptr<Lab> lab_;
  std::unique_ptr<KernelCeph> ceph_;
};

// GoogleTest owns it.
CephLab& Storage() {
  static CephLab* storage = [] {
    auto made = std::make_unique<CephLab>();
    ::testing::AddGlobalTestEnvironment(made.get());
    return made.release();
  }();
  return *storage;
}

class CephSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }

 private:
  base::MonotonicClock clock_;
  backend::CephBackend backend_{"rados", Storage().ceph().gateways().config(), clock_};
};

ContractCase Ceph() {
  // Before the first case, so that GoogleTest sets it up.
  Storage();
  return {"Ceph", [] { return std::make_unique<CephSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Ceph, BackendContract, ::testing::Values(Ceph()));

class CephLifeTest : public ::testing::TestWithParam<VolumeKind> {
 protected:
  void SetUp() override {
    ASSERT_OK(lab().StartController());
    ASSERT_OK(lab().StartNode());
  }
  void TearDown() override {
    if (HasFailure()) std::cout << lab().LastWords();
  }
  static Lab& lab() { return Storage().lab(); }
  static PodVolume NewVolume() {
    return {lab().cluster(),
            {.name = "pvc-ceph", .kind = GetParam(), .parameters = Lab::AllPaths()}};
  }
};

TEST_P(CephLifeTest, KeepsItsDataThroughGrowthAndRestage) {
  PodVolume volume = NewVolume();
  Live(volume);
}

// Its control API; the data path of these gateways is the kernel's.
TEST_P(CephLifeTest, GrowsWhileAGatewayIsAwayAndIsDetachedWhenItIsBack) {
  PodVolume volume = NewVolume();
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  Storage().ceph().gateways().Stop(0);
  EXPECT_OK(volume.Expand(2 * kLifeGib));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_FALSE(volume.ControllerUnpublish().ok()) << "nobody knows whom that gateway serves";
  Storage().ceph().gateways().Start(0);
  EXPECT_TRUE(Eventually(kLifePatience, [&] { return volume.ControllerUnpublish().ok(); }));
  EXPECT_OK(volume.Delete());
}

TEST_P(CephLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume = NewVolume();
  RepeatEveryCall(volume);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CephLifeTest,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kXfs, VolumeKind::kBlock),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
