#include "node/publisher.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PublisherTest : public NodeWorld {
 protected:
  static volume::VolumeCapability MultiWriter(volume::VolumeCapability capability) {
    capability.mode = volume::AccessMode::kSingleNodeMultiWriter;
    return capability;
  }
  bool Exists(const std::string& path) { return *mounter_.Kind(path) != mount::PathKind::kAbsent; }
};

TEST_F(PublisherTest, BindsTheStagedFileSystem) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  ASSERT_THAT(MountedAt(kTarget), SizeIs(1));
  EXPECT_EQ(MountedAt(kTarget).front().device, Disk().number);
  EXPECT_FALSE(MountedAt(kTarget).front().read_only);
}

TEST_F(PublisherTest, AnotherVolumeIsNeverPublished) {
  ASSERT_OK(Stage(Block()));
  for (const int look : {1, 2}) {
    ReplaceNamespaceAfterLook(look);
    EXPECT_FALSE(Publish(Block()).ok()) << look;
    EXPECT_TRUE(MountedAt(kTarget).empty()) << look;
    kernel_.Serve(target_);
    kernel_.Announce(target_.subsystem);
  }
}

TEST_F(PublisherTest, BindsTheDeviceNodeOfARawBlockVolume) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
}

TEST_F(PublisherTest, ASecondPublishDoesNothing) {
  for (const volume::VolumeCapability& capability : {FileSystem(), Block()}) {
    ASSERT_OK(Stage(capability));
    ASSERT_OK(Publish(capability));
    const auto before = effects_.log();
    ASSERT_OK(Publish(capability));
    EXPECT_EQ(effects_.log(), before);
    ASSERT_OK(Unpublish());
    ASSERT_OK(Unstage());
  }
}

TEST_F(PublisherTest, ReadOnlyIsEnforcedByTheKernel) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem(), true));
  EXPECT_TRUE(MountedAt(kTarget).front().read_only);
  ASSERT_OK(Unpublish());
  ASSERT_OK(Unstage());

  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block(), true));
  EXPECT_TRUE(file_systems_.IsReadOnly(Disk().number));
  ASSERT_OK(Unpublish());
  ASSERT_OK(Publish(Block(), false));
  EXPECT_FALSE(file_systems_.IsReadOnly(Disk().number));
}

TEST_F(PublisherTest, OtherArgumentsAtTheSamePathAlreadyExist) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  EXPECT_THAT(Publish(FileSystem(), true), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(PublisherTest, AnotherCapabilityThanStagedIsRefused) {
  ASSERT_OK(Stage(FileSystem("ext4")));
  EXPECT_THAT(Publish(FileSystem("xfs")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(PublisherTest, AVolumeThatIsNotStagedIsNotFound) {
  EXPECT_THAT(Publish(FileSystem()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PublisherTest, ASingleWriterHasOnePath) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  EXPECT_THAT(Publish(FileSystem(), false, kSecondTarget),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(kTarget)));
  ASSERT_OK(Unpublish());
  EXPECT_OK(Publish(FileSystem(), false, kSecondTarget));
}

TEST_F(PublisherTest, SeveralWritersOfOneNodeHaveSeveralPaths) {
  ASSERT_OK(Stage(MultiWriter(FileSystem())));
  ASSERT_OK(Publish(MultiWriter(FileSystem())));
  EXPECT_OK(Publish(MultiWriter(FileSystem()), false, kSecondTarget));
  EXPECT_OK(Unpublish(kSecondTarget));
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
}

TEST_F(PublisherTest, OneDiskIsNotReadOnlyHereAndWritableThere) {
  ASSERT_OK(Stage(MultiWriter(Block())));
  ASSERT_OK(Publish(MultiWriter(Block())));
  EXPECT_THAT(Publish(MultiWriter(Block()), true, kSecondTarget),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE(file_systems_.IsReadOnly(Disk().number));
}

TEST_F(PublisherTest, AForeignMountAtTheTargetIsLeftAlone) {
  ASSERT_OK(Stage(FileSystem()));
  mounter_.AddMount({0, 50}, kTarget, "tmpfs");
  EXPECT_THAT(Publish(FileSystem()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
  EXPECT_THAT(Record()->publications, IsEmpty());
}

TEST_F(PublisherTest, AFailedBindLeavesNoPublication) {
  ASSERT_OK(Stage(FileSystem()));
  effects_.Fail(2, absl::ResourceExhaustedError("no memory"));  // mkdir, bind
  EXPECT_THAT(Publish(FileSystem()), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Record()->publications, IsEmpty());
  EXPECT_OK(Publish(FileSystem()));
}

// Whoever opens the path later must never find another volume behind its number.
TEST_F(PublisherTest, ARawBlockDiskIsHeldAsLongAsItIsPublished) {
  ASSERT_OK(Stage(Block()));
  EXPECT_FALSE(file_systems_.IsHeld(Disk().number));
  ASSERT_OK(Publish(Block()));
  EXPECT_TRUE(file_systems_.IsHeld(Disk().number));
  ASSERT_OK(Unpublish());
  EXPECT_FALSE(file_systems_.IsHeld(Disk().number));
}

TEST_F(PublisherTest, ANewProcessHoldsPublishedRawBlockDisksAgain) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  Restart();
  EXPECT_FALSE(file_systems_.IsHeld(Disk().number));
  Settle();
  EXPECT_TRUE(file_systems_.IsHeld(Disk().number));
}

TEST_F(PublisherTest, SaysThatAnOpenMayWaitForTheDisk) {
  ASSERT_OK(Stage(Block()));
  std::string waits;
  base::Call call(clock_, clock_.Now() + absl::Minutes(2),
                  [&](std::string what) { waits = std::move(what); });
  ASSERT_OK(process_->publisher.Publish({kVolume, kStaging, kTarget, Block(), false, {}}, call));
  EXPECT_THAT(waits, HasSubstr("no live path"));
}

// A repair that fails takes no promise back: the pod still has the volume there.
TEST_F(PublisherTest, AFailureLeavesWhatWasPublishedBefore) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  LoseAllPaths();
  ASSERT_OK(Stage(Block()));
  effects_.Fail(1, absl::FailedPreconditionError("busy"));
  EXPECT_THAT(Publish(Block()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Record()->publications, SizeIs(1));
  EXPECT_OK(Publish(Block()));
}

TEST_F(PublisherTest, RemembersWherePortalsMoved) {
  ASSERT_OK(Stage(FileSystem()));
  target_.portals = {{"tcp", "192.0.2.3", "4420"}};
  const volume::StringMap moved = volume::EncodePublishContext(target_);
  ASSERT_OK(Publish(FileSystem(), false, kTarget, moved));
  EXPECT_EQ(Record()->publish_context, moved);
  const auto before = effects_.log();
  ASSERT_OK(Publish(FileSystem(), false, kTarget, moved));
  ASSERT_OK(Publish(FileSystem()));
  EXPECT_EQ(effects_.log(), before);
}

TEST_F(PublisherTest, AContextOfAnotherVolumeIsRefused) {
  ASSERT_OK(Stage(FileSystem()));
  const node::StageRecord before = *Record();
  volume::Target other = target_;
  other.identity.uuid = volume::Uuid::Parse("99999999-1111-4222-8333-444455556666").value();
  EXPECT_THAT(Publish(FileSystem(), false, kTarget, volume::EncodePublishContext(other)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another identity")));
  EXPECT_THAT(Publish(FileSystem(), false, kTarget, {{"nqn", "nonsense"}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Record(), before);
  EXPECT_TRUE(MountedAt(kTarget).empty());
}

TEST_F(PublisherTest, NoLivePathIsUnavailable) {
  ASSERT_OK(Stage(FileSystem()));
  for (const volume::Portal& portal : target_.portals) kernel_.Stall(portal);
  EXPECT_THAT(Publish(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PublisherTest, UnpublishRemovesThePath) {
  for (const volume::VolumeCapability& capability : {FileSystem(), Block()}) {
    ASSERT_OK(Stage(capability));
    ASSERT_OK(Publish(capability));
    ASSERT_OK(Unpublish());
    EXPECT_FALSE(Exists(kTarget));
    EXPECT_THAT(Record()->publications, IsEmpty());
    EXPECT_OK(Unpublish());
    ASSERT_OK(Unstage());
  }
}

TEST_F(PublisherTest, UnpublishTakesEveryLayer) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  ASSERT_OK(mounter_.BindMount(kStaging, kTarget, mount::Access::kReadWrite));
  ASSERT_OK(Unpublish());
  EXPECT_FALSE(Exists(kTarget));
}

TEST_F(PublisherTest, UnpublishWaitsForNobodyWhoTriesToOpenADeadDisk) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  mounter_.SetBusy(kTarget, true);
  EXPECT_THAT(Unpublish(), StatusIs(absl::StatusCode::kFailedPrecondition));
  LoseAllPaths();
  EXPECT_OK(Unpublish());
  EXPECT_FALSE(Exists(kTarget));
}

TEST_F(PublisherTest, UnpublishOfAnAbsentPathIsOk) { EXPECT_OK(Unpublish()); }

TEST_F(PublisherTest, UnpublishOfAForeignMountIsNotFound) {
  mounter_.AddMount({0, 50}, kTarget, "tmpfs");
  EXPECT_THAT(Unpublish(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
}

TEST_F(PublisherTest, UnpublishWithoutARecordGoesByTheMount) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  ASSERT_OK(process_->records.Erase(kVolume));
  ASSERT_OK(Unpublish());
  EXPECT_FALSE(Exists(kTarget));
}

TEST_F(PublisherTest, ADeadDeviceAtTheTargetIsReplaced) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  const nvme::Namespace old = Disk();
  for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
  mounter_.RemoveDevice(old.device_path);
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
}

}  // namespace
}  // namespace nvmeof::testing
