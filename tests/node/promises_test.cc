// What an error leaves behind: after a final one nothing, after the others what a repeated call or
// its opposite finds again.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::Not;
using ::testing::SizeIs;

class PromisesTest : public NodeWorld {
 protected:
  // The kernel gives all up.
  void LoseAll() {
    const std::string node = Disk().device_path;
    for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
    mounter_.RemoveDevice(node);
  }

  // As a new kernel finds it.
  void Reboot() {
    for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
    mounter_.Reboot();
    boot_id = "next-boot";
    Restart();
  }
};

TEST_F(PromisesTest, AFinalErrorAfterTheMountLeavesNoMount) {
  effects_.OnEffect([this](const std::string& effect) {
    if (effect.rfind("mount ", 0) != 0) return;
    // The namespace goes while the file system is being mounted.
    const std::string node = Disk().device_path;
    kernel_.Withdraw(target_.subsystem);
    mounter_.RemoveDevice(node);
  });
  EXPECT_THAT(Stage(FileSystem()), Not(IsOk()));
  ExpectNothingLeft();
}

TEST_F(PromisesTest, AnErrorThatCouldNotBeUndoneIsNotFinal) {
  volume::Target other = target_;
  other.identity.uuid = *volume::Uuid::Parse("99999999-1111-4222-8333-444455556666");
  kernel_.Serve(other);
  effects_.OnEffect([&](const std::string& effect) {
    if (effect.rfind("disconnect", 0) != 0) return;
    effects_.Fail(1, absl::InternalError("read-only"));  // the marks
  });
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  effects_.OnEffect(nullptr);
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kFailedPrecondition));
  ExpectNothingLeft();
}

TEST_F(PromisesTest, ARepeatedStageNeverEndsWithAFinalError) {
  ASSERT_OK(Stage(FileSystem()));
  ReplaceNamespace();
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Record()->state, node::StageState::kStaged);
}

TEST_F(PromisesTest, ARecordThatCannotBeWrittenIsNotFinal) {
  effects_.Fail(2, absl::InternalError("read-only"));  // marks, record
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(Stage(FileSystem()));
}

TEST_F(PromisesTest, ARepeatedPublishThatFailsKeepsThePublication) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  LoseAll();
  EXPECT_THAT(Publish(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Record()->publications, SizeIs(1));
  Settle();
  ASSERT_THAT(MountedAt(kTarget), SizeIs(1));
  EXPECT_EQ(MountedAt(kTarget).front().device, Disk().number);
}

TEST_F(PromisesTest, ABoundNodeWhoseNumberAnotherDiskHasIsReplaced) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  const base::DeviceNumber old = Disk().number;
  kernel_.ReuseNumbers([](base::DeviceNumber) { return true; });
  LoseAll();
  volume::Target other = target_;
  other.subsystem = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v2");
  kernel_.Serve(other);
  kernel_.ConnectAsPeer(other, other.portals.front());
  ASSERT_EQ(kernel_.Peek(other.subsystem)->namespaces.front().number, old);
  Settle();
  ASSERT_NE(Disk().number, old);
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
}

TEST_F(PromisesTest, APromiseOfAnOlderBootIsNotMadeAnewByUnpublish) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  Reboot();
  ASSERT_OK(Unpublish());
  Settle();
  EXPECT_EQ(Controllers(), 0U);
}

TEST_F(PromisesTest, UnstageAfterARebootTouchesNoConnection) {
  ASSERT_OK(Stage(FileSystem()));
  Reboot();
  kernel_.ConnectAsPeer(target_, target_.portals.front());
  ASSERT_OK(Unstage());
  EXPECT_EQ(Controllers(), 1U);
  EXPECT_FALSE(Record().has_value());
}

TEST_F(PromisesTest, APlanThatIsImpossibleTouchesNoConnection) {
  kernel_.ConnectAsPeer(target_, target_.portals.front());
  volume_context_["minPaths"] = "3";
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Controllers(), 1U);
}

}  // namespace
}  // namespace nvmeof::testing
