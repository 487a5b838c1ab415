// The kernel gave up on all paths and the disk vanished under its user.
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/process.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class EachKernelLostDisk : public FaultTest {
 protected:
  // Both portals cut until the kernel has given up.
  void LoseAll(const PodVolume& volume) {
    ASSERT_OK(lab().network().Cut(0));
    ASSERT_OK(lab().network().Cut(1));
    ASSERT_TRUE(IsLost(volume));
  }
};

// The disk is there again, holds what was written, and takes more.
void ExpectWorksAgain(Writer& writer, const std::string& path, absl::Duration limit) {
  EXPECT_TRUE(Eventually(limit, [&] { return writer.Verify(path).ok(); }));
  EXPECT_OK(writer.Verify(path));
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(20, limit));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(path));
}

TEST_F(EachKernelLostDisk, RawBlockVolumeIsBackAtItsPublishPath) {
  PodVolume volume = NewVolume(VolumeKind::kBlock, SoonGivenUp());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  LoseAll(volume);
  EXPECT_THAT(writer.Stop(), Not(IsOk()));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  ExpectWorksAgain(writer, volume.data_path(), kPatience);
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(EachKernelLostDisk, FileSystemThatNobodyHoldsIsMountedAgain) {
  PodVolume volume = NewVolume(VolumeKind::kExt4, SoonGivenUp());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  LoseAll(volume);
  EXPECT_THAT(writer.Stop(), Not(IsOk()));
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(IsLive(volume, 2));
  ExpectWorksAgain(writer, volume.data_path(), kPatience);
  EXPECT_OK(volume.Stats());
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

class LostDisk : public EachKernelLostDisk {
 protected:
  // A workload that has a file of the volume open, and does nothing.
  absl::StatusOr<std::unique_ptr<Process>> Hold(const PodVolume& volume) {
    return Process::Start({"sh", "-c", "exec sleep 1000 <\"$1\"", "sh", volume.data_path()},
                          lab().Folder("log/holder.log"));
  }
};

TEST_F(LostDisk, FileSystemThatIsHeldIsMountedAgainWhenItsHolderEnds) {
  PodVolume volume = NewVolume(VolumeKind::kExt4, SoonGivenUp());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  const auto holder = Hold(volume);
  ASSERT_OK(holder);
  LoseAll(volume);
  EXPECT_THAT(volume.Stats(), Not(IsOk()));
  ASSERT_OK(lab().network().Heal());
  const std::string pid = std::to_string((*holder)->pid());
  EXPECT_TRUE(HealthSays(volume, "StaleEndpoint"));
  EXPECT_TRUE(HealthSays(volume, "INACCESSIBLE"));
  EXPECT_TRUE(HealthSays(volume, "sleep")) << "the holder's name";
  EXPECT_TRUE(HealthSays(volume, pid)) << "the holder's id";
  EXPECT_THAT(volume.Stage().ToString(), AllOf(HasSubstr("sleep"), HasSubstr(pid)));
  (*holder)->Kill();
  ExpectWorksAgain(writer, volume.data_path(), kPatience);
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(LostDisk, FileSystemIsTakenAwayCompletelyWhileItsTargetIsDead) {
  PodVolume volume = NewVolume(VolumeKind::kExt4, SoonGivenUp());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  LoseAll(volume);
  EXPECT_THAT(writer.Stop(), Not(IsOk()));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_THAT(KernelSubsystems(), ::testing::IsEmpty());
  ASSERT_OK(lab().network().Heal());
  EXPECT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

// The kernel writes back at an unmount, and waits as long as it does for any write.
TEST_F(LostDisk, UnmountThatWaitsForAPathSaysSoAndEndsWhenOneIsBack) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(Bring(volume));
  ASSERT_OK(volume.Unpublish());
  std::ofstream(absl::StrCat(volume.staging_path(), "/unwritten")) << std::string(kRegion, 'x');
  ASSERT_OK(lab().network().Cut(0));
  ASSERT_OK(lab().network().Cut(1));
  const absl::Status unstaged = volume.UnstageWithin(absl::Seconds(3));
  std::cout << unstaged << "\n";
  EXPECT_THAT(unstaged, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                 AllOf(HasSubstr("the unmount of "), HasSubstr("no live path"),
                                       HasSubstr("ctrlLossTmo (30 s)"))));
  ASSERT_OK(lab().network().Heal());
  // The kernel may be giving a path up just then: it is still there after our deletion of it.
  EXPECT_OK(Patiently([&] { return volume.Unstage(); }));
  EXPECT_THAT(KernelSubsystems(), ::testing::IsEmpty());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

class DeletedByHand : public LostDisk, public ::testing::WithParamInterface<VolumeKind> {};

TEST_P(DeletedByHand, DiskComesBackUnderItsMount) {
  PodVolume volume = NewVolume(GetParam());
  ASSERT_OK(Bring(volume));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  DeleteAllPaths();
  ExpectWorksAgain(writer, volume.data_path(), kPatience);
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_OK(TakeAway(volume));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DeletedByHand,
                         ::testing::Values(VolumeKind::kExt4, VolumeKind::kBlock), KindName);

}  // namespace
}  // namespace nvmeof::testing
