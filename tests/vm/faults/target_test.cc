// What storage systems do to their hosts: exports that go and come, hosts shut out by hand, another
// volume in a volume's place, a reboot.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/exported.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/run_tool.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOtherUuid[] = "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3b002";

class EachKernelTargetFault : public FaultTest {};

// The port goes on listening for another volume, so the host hears "no such subsystem", at which
// 6.12 removes the controller at once, and 6.1 tries again.
TEST_F(EachKernelTargetFault, PathOfASubsystemThatWasUnlinkedFromAPortComesBack) {
  PodVolume other = NewVolume(VolumeKind::kBlock, {}, "other");
  ASSERT_OK(other.Create());
  ASSERT_OK(other.ControllerPublish());
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  Exported exported(volume.nqn());
  ASSERT_OK(exported.UnlinkFrom(Network::PortalAddress(0)));
  EXPECT_TRUE(IsLive(volume, 1));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(exported.Relink());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
  EXPECT_OK(TakeAway(other));
}

// A workload that opened the disk's publish path again at the wrong moment would write to it.
TEST_F(EachKernelTargetFault, NamespaceReplacedByAnotherIsNeverUsed) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());

  Exported exported(volume.nqn());
  const Exported::Content own = exported.Namespace();
  const std::string foreign = lab().Folder("foreign");
  ASSERT_OK(RunTool({"truncate", "-s", absl::StrCat(kBytes), foreign}));
  ASSERT_OK(exported.ReplaceNamespace({kOtherUuid, kOtherUuid, foreign}));
  EXPECT_TRUE(HealthSays(volume, "WrongIdentity"));
  Writer stray(volume.data_path(), kRegion);
  stray.Start();
  EXPECT_FALSE(stray.WaitFor(1, absl::Seconds(2)));
  stray.Stop().IgnoreError();
  EXPECT_EQ(stray.written(), 0U);
  // The volume is staged still, so the orchestrator shall not give it up.
  EXPECT_THAT(volume.Stage(), StatusIs(absl::StatusCode::kUnavailable,
                                       AllOf(HasSubstr("WrongIdentity"), HasSubstr(kOtherUuid))));
  EXPECT_OK(RunTool({"cmp", "-n", absl::StrCat(kBytes), foreign, "/dev/zero"}))
      << "another volume was written";

  ASSERT_OK(exported.ReplaceNamespace(own));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

class TargetFault : public FaultTest {};

// Nobody holds the disk then, so another one may get its number, under the publish path.
TEST_F(TargetFault, NamespaceReplacedWhileThePluginIsDownIsNotAtThePublishPath) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  lab().node().Kill();
  Exported exported(volume.nqn());
  const Exported::Content own = exported.Namespace();
  const std::string foreign = lab().Folder("foreign");
  ASSERT_OK(RunTool({"truncate", "-s", absl::StrCat(kBytes), foreign}));
  ASSERT_OK(exported.ReplaceNamespace({kOtherUuid, kOtherUuid, foreign}));
  ASSERT_OK(lab().StartNode());
  EXPECT_TRUE(HealthSays(volume, "WrongIdentity"));
  EXPECT_TRUE(
      Eventually(kPatience, [&] { return !std::filesystem::is_block_file(volume.data_path()); }));

  ASSERT_OK(exported.ReplaceNamespace(own));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

// The paths stay live, and writes wait in the kernel.
TEST_F(TargetFault, DiskThatTheTargetServesOverNoPathIsNamedAndWorksAgainAfterwards) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(Exported::SetAnaState("inaccessible"));
  EXPECT_TRUE(HealthSays(volume, "NoLivePath"));
  EXPECT_TRUE(HealthSays(volume, "ANA"));
  EXPECT_FALSE(writer.WaitFor(1, absl::Seconds(1)));
  ASSERT_OK(Exported::SetAnaState("optimized"));
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(TargetFault, StageOfAHostThatIsNotAllowedSaysSo) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  Exported exported(volume.nqn());
  ASSERT_OK(exported.ForgetHost(Lab::host_nqn()));
  const absl::Status staged = volume.Stage();
  std::cout << staged << "\n";
  EXPECT_THAT(staged, StatusIs(absl::StatusCode::kUnavailable,
                               AllOf(HasSubstr("knows no subsystem"),
                                     HasSubstr("does not allow host " + Lab::host_nqn()),
                                     HasSubstr("10.77.0.1"), HasSubstr("10.77.1.1"))));
  ASSERT_OK(exported.AllowHost(Lab::host_nqn()));
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

// Live controllers of a host that is taken off the list live on until they must connect again.
TEST_F(TargetFault, VolumeOfAHostThatWasShutOutComesBackWhenItIsAllowedAgain) {
  PodVolume volume = NewVolume(VolumeKind::kBlock, SoonGivenUp());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  Exported exported(volume.nqn());
  ASSERT_OK(exported.ForgetHost(Lab::host_nqn()));
  ASSERT_OK(exported.Unlink());
  ASSERT_OK(exported.Relink());
  EXPECT_TRUE(IsLost(volume));
  EXPECT_TRUE(HealthSays(volume, "does not allow host"));
  ASSERT_OK(exported.AllowHost(Lab::host_nqn()));
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_TRUE(Eventually(kPatience, [&] { return writer.Verify(volume.data_path()).ok(); }));
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

class NamespaceFault : public FaultTest, public ::testing::WithParamInterface<VolumeKind> {};

TEST_P(NamespaceFault, DisabledOneIsNamedAndWorksAgainWhenItIsEnabled) {
  PodVolume volume = NewVolume(GetParam());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  Exported exported(volume.nqn());
  ASSERT_OK(exported.DisableNamespace());
  EXPECT_TRUE(HealthSays(volume, "NoNamespace"));
  EXPECT_THAT(volume.Stats(), Not(IsOk()));
  ASSERT_OK(exported.EnableNamespace());
  EXPECT_TRUE(Eventually(kPatience, [&] { return writer.Verify(volume.data_path()).ok(); }));
  EXPECT_TRUE(HealthSays(volume, ""));
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(TakeAway(volume));
}

INSTANTIATE_TEST_SUITE_P(Kinds, NamespaceFault,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kBlock), KindName);

// The ports listen from the first subsystem on, so a host may ask for one that is not there yet.
TEST_F(TargetFault, AllVolumesComeBackAfterTheStorageNodeRebooted) {
  std::vector<PodVolume> volumes;
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < 4; ++i) {
    volumes.push_back(NewVolume(i % 2 == 0 ? VolumeKind::kBlock : VolumeKind::kExt4, {},
                                absl::StrCat("pvc-", i)));
    ASSERT_OK(Bring(volumes.back()));
    writers.push_back(std::make_unique<Writer>(volumes.back().data_path(), kRegion));
    writers.back()->Start();
    ASSERT_TRUE(writers.back()->WaitFor(20, kPatience));
    ASSERT_OK(writers.back()->Stop());
  }
  lab().target().Kill();
  ClearKernelTarget();
  for (const PodVolume& volume : volumes) EXPECT_TRUE(IsLive(volume, 0));
  ASSERT_OK(lab().StartTarget());
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    EXPECT_TRUE(IsLive(volumes[i], 2));
    EXPECT_TRUE(
        Eventually(kPatience, [&] { return writers[i]->Verify(volumes[i].data_path()).ok(); }));
    EXPECT_TRUE(HealthSays(volumes[i], ""));
    EXPECT_OK(TakeAway(volumes[i]));
  }
}

}  // namespace
}  // namespace nvmeof::testing
