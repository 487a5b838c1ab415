// The spdk backend on an SPDK target whose subsystems are the kernel's: it passes what every
// backend must pass, and its volumes are attached, written, grown and read back.
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/spdk/spdk_backend.h"
#include "base/clock.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/facades/kernel_spdk.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kGib = std::int64_t{1} << 30;
constexpr absl::Duration kPatience = absl::Seconds(60);

// A lab whose storage node runs SPDK. Lives as long as the program.
class SpdkLab final : public ::testing::Environment {
 public:
  void SetUp() override {
    auto lab = Lab::Create("spdk");
    ASSERT_OK(lab);
    lab_ = *std::move(lab);
    auto spdk = KernelSpdk::StartFor(*lab_);
    ASSERT_OK(spdk);
    spdk_ = *std::move(spdk);
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    EXPECT_TRUE(Eventually(kPatience, [this] { return lab_->Leftovers().empty(); }));
    EXPECT_THAT(lab_->Leftovers(), ::testing::IsEmpty());
    spdk_.reset();
    lab_.reset();
  }

  Lab& lab() { return *lab_; }
  KernelSpdk& spdk() { return *spdk_; }

 private:
  std::unique_ptr<Lab> lab_;
  std::unique_ptr<KernelSpdk> spdk_;
};

// GoogleTest owns it.
SpdkLab& Storage() {
  static SpdkLab* storage = [] {
    auto made = std::make_unique<SpdkLab>();
    ::testing::AddGlobalTestEnvironment(made.get());
    return made.release();
  }();
  return *storage;
}

class SpdkSubject final : public ContractSubject {
 public:
  backend::Backend& backend() override { return backend_; }
  absl::Time Deadline() override { return clock_.Now() + absl::Seconds(60); }

 private:
  const backend::SpdkConfig config_ = KernelSpdk::ConfigFor(Storage().lab());
  base::MonotonicClock clock_;
  backend::SpdkBackend backend_{"user-space", config_,
                                std::make_unique<backend::UnixRpcTransport>(config_.socket, clock_),
                                clock_};
};

ContractCase Spdk() {
  // Before the first case, so that GoogleTest sets it up.
  Storage();
  return {"Spdk", [] { return std::make_unique<SpdkSubject>(); }};
}

INSTANTIATE_TEST_SUITE_P(Spdk, BackendContract, ::testing::Values(Spdk()));

// Says how long the call took.
absl::Status Timed(absl::string_view name, const std::function<absl::Status()>& call) {
  const base::MonotonicClock clock;
  const absl::Time start = clock.Now();
  absl::Status status = call();
  std::cout << name << ": "
            << absl::FormatDuration(absl::Trunc(clock.Now() - start, absl::Milliseconds(1)))
            << "\n";
  return status;
}

class SpdkLifeTest : public ::testing::TestWithParam<VolumeKind> {
 protected:
  void SetUp() override {
    ASSERT_OK(lab().StartController());
    ASSERT_OK(lab().StartNode());
  }
  void TearDown() override {
    if (HasFailure()) std::cout << lab().LastWords();
  }
  static Lab& lab() { return Storage().lab(); }
};

TEST_P(SpdkLifeTest, KeepsItsDataThroughGrowthAndRestartOfTheTarget) {
  PodVolume volume(lab().cluster(),
                   {.name = "pvc-spdk", .kind = GetParam(), .parameters = Lab::AllPaths()});
  EXPECT_OK(Timed("CreateVolume", [&] { return volume.Create(); }));
  EXPECT_OK(Timed("ControllerPublishVolume", [&] { return volume.ControllerPublish(); }));
  EXPECT_OK(Timed("NodeStageVolume", [&] { return volume.Stage(); }));
  ASSERT_OK(Timed("NodePublishVolume", [&] { return volume.Publish(); }));
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(
      Timed("ControllerExpandVolume, NodeExpandVolume", [&] { return volume.Expand(2 * kGib); }));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  const auto stats = volume.Stats();
  ASSERT_OK(stats);
  EXPECT_GT(stats->usage(0).total(), kGib * 3 / 2);
  EXPECT_OK(Timed("NodeUnpublishVolume", [&] { return volume.Unpublish(); }));
  EXPECT_OK(Timed("NodeUnstageVolume", [&] { return volume.Unstage(); }));
  ASSERT_OK(Timed("ControllerUnpublishVolume", [&] { return volume.ControllerUnpublish(); }));

  Storage().spdk().target().Restart();
  ASSERT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(Timed("DeleteVolume", [&] { return volume.Delete(); }));
}

// The target starts anew under a pod, and the orchestrator publishes again what is not exported.
TEST_P(SpdkLifeTest, IsThereAgainWhenPublishedAgainAfterARestartOfTheTarget) {
  PodVolume volume(lab().cluster(),
                   {.name = "pvc-spdk", .kind = GetParam(), .parameters = Lab::AllPaths()});
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  Storage().spdk().target().Restart();
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 0; }));
  ASSERT_OK(volume.ControllerPublish());
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  ASSERT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_P(SpdkLifeTest, EveryCallMayBeRepeated) {
  PodVolume volume(lab().cluster(),
                   {.name = "pvc-spdk", .kind = GetParam(), .parameters = Lab::AllPaths()});
  for (auto step : {&PodVolume::Create, &PodVolume::ControllerPublish, &PodVolume::Stage,
                    &PodVolume::Publish, &PodVolume::Unpublish, &PodVolume::Unstage,
                    &PodVolume::ControllerUnpublish, &PodVolume::Delete}) {
    EXPECT_OK((volume.*step)());
    EXPECT_OK((volume.*step)());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, SpdkLifeTest,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kXfs, VolumeKind::kBlock),
                         [](const auto& kind) { return Name(kind.param); });

}  // namespace
}  // namespace nvmeof::testing
