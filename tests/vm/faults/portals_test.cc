// Portals that are cut, refuse, swallow packets or lie, beside one that works.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/kernel_parameter.h"
#include "tests/vm/liar.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kLiarPort = 4499;

class EachKernelPortalFault : public FaultTest, public ::testing::WithParamInterface<VolumeKind> {};

TEST_P(EachKernelPortalFault, WriterGoesOnWhileOnePortalIsCutAndHealed) {
  PodVolume volume = NewVolume(GetParam());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(lab().network().Cut(0));
  EXPECT_TRUE(IsLive(volume, 1));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachKernelPortalFault,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kBlock), KindName);

class PortalFault : public FaultTest {};

TEST_F(PortalFault, WriterWaitsWhileAllPortalsAreCutForLessThanCtrlLossTmo) {
  PodVolume volume = NewVolume(VolumeKind::kExt4, {{"ctrlLossTmo", "60"}});
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(lab().network().Cut(0));
  ASSERT_OK(lab().network().Cut(1));
  EXPECT_TRUE(IsLive(volume, 0));
  EXPECT_TRUE(HealthSays(volume, "NoLivePath"));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(PortalFault, VolumeGrowsWithOnePathDownAndAfterAllWereDown) {
  PodVolume volume = NewVolume(VolumeKind::kBlock, {{"ctrlLossTmo", "60"}});
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_OK(lab().network().Refuse(0));
  EXPECT_TRUE(IsLive(volume, 1));
  EXPECT_OK(volume.Expand(2 * kBytes));
  EXPECT_EQ(SizeOf(*DiskOf(volume.nqn())), static_cast<std::uint64_t>(2 * kBytes));
  ASSERT_OK(lab().network().Refuse(1));
  EXPECT_TRUE(IsLive(volume, 0));
  EXPECT_THAT(volume.Expand(3 * kBytes),
              ::testing::AnyOf(StatusIs(absl::StatusCode::kUnavailable),
                               StatusIs(absl::StatusCode::kDeadlineExceeded)));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_OK(volume.Expand(3 * kBytes));
  EXPECT_EQ(SizeOf(*DiskOf(volume.nqn())), static_cast<std::uint64_t>(3 * kBytes));
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(PortalFault, EachPortalIsNamedWithItsOwnCause) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  const auto stage = [&](const std::string& first, const std::string& second) {
    const absl::Status staged = volume.Stage();
    std::cout << staged << "\n";
    EXPECT_THAT(staged, StatusIs(absl::StatusCode::kUnavailable,
                                 AllOf(HasSubstr("10.77.0.1"), HasSubstr(first),
                                       HasSubstr("10.77.1.1"), HasSubstr(second))));
    EXPECT_OK(lab().network().Heal());
  };
  const auto http = Liar::Start(kLiarPort, Lie::kHttp);
  ASSERT_OK(http);
  ASSERT_OK(lab().network().Refuse(0));
  ASSERT_OK(lab().network().Redirect(1, kLiarPort));
  stage("refused", "not an NVMe/TCP target");

  const auto silent = Liar::Start(kLiarPort + 1, Lie::kSilent);
  ASSERT_OK(silent);
  ASSERT_OK(lab().network().Cut(0));
  ASSERT_OK(lab().network().Redirect(1, kLiarPort + 1));
  stage("packets to the portal are lost", "0 of the 128 bytes of an ICResp");

  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

// What is wrong with one of the two portals when the volume is staged.
struct BadPortal {
  std::string name;
  absl::Status (*spoil)(Network& network);
  Lie lie = Lie::kSilent;  // of whoever listens on kLiarPort
  int portal = 0;
};

absl::Status RedirectToLiar(Network& network) { return network.Redirect(0, kLiarPort); }

class BadPortalAtStage : public FaultTest, public ::testing::WithParamInterface<BadPortal> {};

TEST_P(BadPortalAtStage, IsDoneWithoutAndJoinsWhenItIsWell) {
  const auto liar = Liar::Start(kLiarPort, GetParam().lie);
  ASSERT_OK(liar);
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  ASSERT_OK(GetParam().spoil(lab().network()));
  const absl::Time start = base::MonotonicClock().Now();
  ASSERT_OK(volume.Stage());
  std::cout << "staged in " << absl::ToInt64Milliseconds(base::MonotonicClock().Now() - start)
            << " ms\n";
  ASSERT_OK(volume.Publish());
  EXPECT_EQ(CountLive(volume.nqn()), 1);
  EXPECT_TRUE(HealthSays(volume, "Degraded"));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

INSTANTIATE_TEST_SUITE_P(
    Portals, BadPortalAtStage,
    ::testing::Values(BadPortal{"Refuses", [](Network& network) { return network.Refuse(0); }},
                      BadPortal{"SwallowsPackets", [](Network& network) { return network.Cut(0); }},
                      BadPortal{"SilentAfterAccept", RedirectToLiar, Lie::kSilent},
                      BadPortal{"SpeaksHttp", RedirectToLiar, Lie::kHttp}),
    [](const auto& one) { return one.param.name; });

// It passes every probe, so the kernel is handed it, and hangs on it as long as its admin_timeout.
TEST_F(PortalFault, PortalThatIsSilentAfterIcRespHoldsNoCall) {
  const KernelParameter timeout("nvme_core", "admin_timeout", "10");
  const auto liar = Liar::Start(kLiarPort, Lie::kSilentAfterIcResp);
  ASSERT_OK(liar);
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  // The other one comes first: nobody could know that this one lies.
  ASSERT_OK(lab().network().Redirect(1, kLiarPort));
  const absl::Time start = base::MonotonicClock().Now();
  ASSERT_OK(volume.Stage());
  EXPECT_LT(base::MonotonicClock().Now() - start, absl::Seconds(8))
      << "the kernel's hang was waited for";
  ASSERT_OK(volume.Publish());
  EXPECT_TRUE(HealthSays(volume, "Degraded"));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  EXPECT_OK(writer.Stop());
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

}  // namespace
}  // namespace nvmeof::testing
