// Connections that somebody else made (an administrator, autoconnect, another driver) are theirs.
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/exported.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/peer.h"

namespace nvmeof::testing {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kSomeTicks = absl::Seconds(5);  // of the reconciler, more than two
const Host kOther{"nqn.2014-08.org.example:administrator", "33333333-73a4-4c11-9f3f-26a9a4c60d51"};

Host OurHost() { return {Lab::host_nqn(), Lab::host_id()}; }

class OthersConnections : public FaultTest {
 protected:
  std::vector<std::string> Names(const std::string& nqn) {
    std::vector<std::string> names;
    for (const KernelPath& path : KernelPaths(nqn)) names.push_back(path.name);
    return names;
  }
  void TearDown() override {
    DeleteAllPaths();
    FaultTest::TearDown();
  }
};

TEST_F(OthersConnections, OfTheSameSubsystemAndHostOutliveOurVolume) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  ASSERT_OK(ConnectByNvmeCli(OurHost(), volume.nqn(), Network::PortalAddress(0)));
  const std::vector<std::string> theirs = Names(volume.nqn());
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Publish());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_EQ(Names(volume.nqn()), theirs);
  lab().node().Kill();
  ASSERT_OK(lab().StartNode());
  absl::SleepFor(kSomeTicks);
  EXPECT_EQ(Names(volume.nqn()), theirs);
  EXPECT_OK(DisconnectByHand(theirs.front()));
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

TEST_F(OthersConnections, ThatNoVolumeUsesAreNotReaped) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  Exported exported(volume.nqn());
  ASSERT_OK(exported.AllowHost(kOther.nqn));
  const std::string portal = Network::PortalAddress(0);
  const auto by_us = ConnectByHand(OurHost(), volume.nqn(), portal);
  ASSERT_OK(by_us);
  const auto by_other = ConnectByHand(kOther, volume.nqn(), portal);
  ASSERT_OK(by_other);
  const auto discovery =
      ConnectByHand(OurHost(), "nqn.2014-08.org.nvmexpress.discovery", portal, "keep_alive_tmo=5");
  ASSERT_OK(discovery);
  const auto before = KernelPaths();
  EXPECT_EQ(before.size(), 3U);
  absl::SleepFor(kSomeTicks);
  EXPECT_EQ(KernelPaths(), before);
  lab().node().Kill();
  ASSERT_OK(lab().StartNode());
  absl::SleepFor(kSomeTicks);
  EXPECT_EQ(KernelPaths(), before);
  for (const auto& controller : {by_us, by_other, discovery})
    EXPECT_OK(DisconnectByHand(*controller));
  ASSERT_OK(exported.ForgetHost(kOther.nqn));
  ASSERT_OK(Exported::RemoveHost(kOther.nqn));
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

TEST_F(OthersConnections, OfAnotherHostNqnOutliveOurVolume) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  Exported exported(volume.nqn());
  ASSERT_OK(exported.AllowHost(kOther.nqn));
  const auto theirs = ConnectByHand(kOther, volume.nqn(), Network::PortalAddress(1));
  ASSERT_OK(theirs);
  ASSERT_OK(volume.Stage());
  EXPECT_TRUE(IsLive(volume, 3));
  EXPECT_OK(volume.Unstage());
  EXPECT_THAT(Names(volume.nqn()), ElementsAre(*theirs));
  absl::SleepFor(kSomeTicks);
  EXPECT_THAT(Names(volume.nqn()), ElementsAre(*theirs));
  EXPECT_OK(DisconnectByHand(*theirs));
  ASSERT_OK(exported.ForgetHost(kOther.nqn));
  ASSERT_OK(Exported::RemoveHost(kOther.nqn));
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

}  // namespace
}  // namespace nvmeof::testing
