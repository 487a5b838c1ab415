#include "node/stager.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "node/retry.h"
#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using node::StageState;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StagerTest : public NodeWorld {
 protected:
  // The disk gets content before the first stage: attach, look, detach.
  void GivenContent(const mount::ProbeResult& content) {
    ASSERT_OK(Stage(Block()));
    file_systems_.SetContent(Disk().number, content);
    // The next stage of this process finds the disk still attached.
    ASSERT_OK(process_->records.Erase(kVolume));
  }
};

TEST_F(StagerTest, FormatsABlankDiskAndMountsIt) {
  ASSERT_OK(Stage(FileSystem("xfs")));
  EXPECT_EQ(file_systems_.formats(), 1);
  ASSERT_THAT(MountedAt(kStaging), SizeIs(1));
  EXPECT_EQ(MountedAt(kStaging).front().device, Disk().number);
  EXPECT_EQ(MountedAt(kStaging).front().fs_type, "xfs");
  EXPECT_EQ(Record()->state, StageState::kStaged);
}

TEST_F(StagerTest, TouchesNoFileSystemOfARawBlockVolume) {
  ASSERT_OK(Stage(Block()));
  EXPECT_EQ(file_systems_.formats(), 0);
  EXPECT_TRUE(MountedAt(kStaging).empty());
  EXPECT_EQ(Record()->state, StageState::kStaged);
}

// Its identity was proven, then another volume came under its name and number: after the looks of
// the attach, and after the one under the hold.
class StagerReplacedTest : public StagerTest, public ::testing::WithParamInterface<int> {};

TEST_P(StagerReplacedTest, AnotherVolumeIsNeverFormatted) {
  ReplaceNamespaceAfterLook(GetParam());
  const absl::Status staged = Stage(FileSystem());
  ASSERT_TRUE(intruder_.has_value());
  EXPECT_FALSE(staged.ok());
  EXPECT_THAT(file_systems_.Probe(*intruder_),
              IsOkAndHolds(mount::ProbeResult{mount::Content::kBlank, ""}));
  EXPECT_TRUE(MountedAt(kStaging).empty());
}

INSTANTIATE_TEST_SUITE_P(AfterLook, StagerReplacedTest, ::testing::Range(1, 4));

TEST_F(StagerTest, ADiskThatMovedAfterTheAttachIsLookedForAgain) {
  topology_.AfterLooks([this, looks = 0]() mutable {
    if (Controllers() == 0 || ++looks != 2) return;
    kernel_.Withdraw(target_.subsystem);
    kernel_.Serve(target_);
    kernel_.Announce(target_.subsystem);
  });
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("now")));
  EXPECT_EQ(file_systems_.formats(), 0);
  EXPECT_OK(Stage(FileSystem()));
}

TEST_F(StagerTest, ASecondStageDoesNothing) {
  ASSERT_OK(Stage(FileSystem()));
  const auto before = effects_.log();
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_EQ(effects_.log(), before);
}

TEST_F(StagerTest, WritesTheRecordBeforeItConnects) {
  std::optional<node::StageRecord> at_connect;
  effects_.OnEffect([&](const std::string& effect) {
    if (effect == "connect 192.0.2.1:4420") at_connect = Record();
  });
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_TRUE(at_connect.has_value());
  EXPECT_EQ(at_connect->state, StageState::kStaging);
}

TEST_F(StagerTest, AnotherCapabilityAlreadyExists) {
  ASSERT_OK(Stage(FileSystem("ext4")));
  EXPECT_THAT(Stage(FileSystem("xfs")), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(StagerTest, ASecondStagingPathIsRefused) {
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_THAT(Stage(FileSystem(), "/kubelet/staging/other"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(StagerTest, AnotherTargetOfAStagedVolumeIsRefused) {
  ASSERT_OK(Stage(FileSystem()));
  const node::StageRecord before = *Record();
  target_.identity.uuid = volume::Uuid::Parse("99999999-1111-4222-8333-444455556666").value();
  EXPECT_THAT(Stage(FileSystem()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another identity")));
  EXPECT_EQ(Record(), before);
  EXPECT_THAT(MountedAt(kStaging), SizeIs(1));
}

// A full or read-only state folder: nothing is connected that no record would tell of.
class StagerUnwritableTest : public StagerTest,
                             public ::testing::WithParamInterface<absl::Status> {};

TEST_P(StagerUnwritableTest, StagesNothingAndSaysWhy) {
  for (const int write : {1, 2}) {  // the record, then the marks
    effects_.Fail(write, GetParam());
    const absl::Status staged = Stage(FileSystem());
    EXPECT_TRUE(node::WillBeRetried(staged)) << staged;
    EXPECT_THAT(std::string(staged.message()), HasSubstr(std::string(GetParam().message())));
    EXPECT_THAT(kernel_.log(), IsEmpty());
  }
  EXPECT_OK(Stage(FileSystem()));
  ASSERT_OK(Unstage());
  ExpectNothingLeft();
}

INSTANTIATE_TEST_SUITE_P(All, StagerUnwritableTest,
                         ::testing::Values(absl::ResourceExhaustedError("No space left on device"),
                                           absl::FailedPreconditionError("Read-only file system"),
                                           absl::InternalError("Input/output error")));

TEST_F(StagerTest, APromiseThatCannotBeKeptOnFileIsKeptByTheRetry) {
  effects_.OnEffect([this](const std::string& effect) {
    if (effect.rfind("mount ", 0) == 0) effects_.Fail(1, absl::ResourceExhaustedError("full"));
  });
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Record()->state, StageState::kStaging);
  effects_.OnEffect(nullptr);
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_EQ(Record()->state, StageState::kStaged);
}

TEST_F(StagerTest, ChecksAndMountsAnExistingFileSystem) {
  GivenContent({mount::Content::kFileSystem, "ext4"});
  ASSERT_OK(Stage(FileSystem("ext4")));
  EXPECT_EQ(file_systems_.formats(), 0);
  EXPECT_EQ(file_systems_.checks(), 1);
}

class StagerForeignContentTest : public StagerTest,
                                 public ::testing::WithParamInterface<mount::ProbeResult> {};

TEST_P(StagerForeignContentTest, IsNamedAndNeverFormatted) {
  GivenContent(GetParam());
  EXPECT_THAT(Stage(FileSystem("ext4")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().type)));
  EXPECT_EQ(file_systems_.formats(), 0);
  EXPECT_TRUE(MountedAt(kStaging).empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, StagerForeignContentTest,
    ::testing::Values(mount::ProbeResult{mount::Content::kFileSystem, "xfs"},
                      mount::ProbeResult{mount::Content::kForeign, "gpt"},
                      mount::ProbeResult{mount::Content::kForeign, "LVM2_member"},
                      mount::ProbeResult{mount::Content::kUnknown, "bytes at 4096"}));

TEST_F(StagerTest, AFailedProbeIsNeverBlank) {
  ASSERT_OK(Stage(Block()));
  file_systems_.SetReadError(Disk().number, absl::InternalError("read: Input/output error"));
  ASSERT_OK(process_->records.Erase(kVolume));
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(file_systems_.formats(), 0);
}

TEST_F(StagerTest, ABlankDiskIsNotFormattedForAReader) {
  volume::VolumeCapability reader = FileSystem();
  reader.mode = volume::AccessMode::kMultiNodeReaderOnly;
  EXPECT_THAT(Stage(reader), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(file_systems_.formats(), 0);
}

TEST_F(StagerTest, AReaderMountsReadOnlyWithoutReplayingTheJournal) {
  GivenContent({mount::Content::kFileSystem, "ext4"});
  volume::VolumeCapability reader = FileSystem();
  reader.mode = volume::AccessMode::kSingleNodeReaderOnly;
  ASSERT_OK(Stage(reader));
  EXPECT_TRUE(MountedAt(kStaging).front().read_only);
  EXPECT_THAT(MountedAt(kStaging).front().options, Contains("noload"));
  EXPECT_TRUE(file_systems_.IsReadOnly(Disk().number));
}

TEST_F(StagerTest, GrowsAFileSystemThatIsSmallerThanItsDisk) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Unstage());
  target_ = TargetWith(std::uint64_t{2} << 30);
  kernel_.Serve(target_);
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_EQ(file_systems_.formats(), 1);
  EXPECT_EQ(file_systems_.FileSystemSize(Disk().number), std::int64_t{2} << 30);
}

TEST_F(StagerTest, SomethingElseAtTheStagingPathIsLeftAlone) {
  mounter_.AddMount({0, 50}, kStaging, "tmpfs");
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(MountedAt(kStaging), SizeIs(1));
}

TEST_F(StagerTest, ADeadMountThatSomebodyStillHasIsLeftAndNamed) {
  ASSERT_OK(Stage(FileSystem("xfs")));
  const nvme::Namespace old = Disk();
  mounter_.AddUse(old.number,
                  {mount::DeviceUse::Kind::kMount, "/data", {.pid = 4711, .program = "postgres"}});
  for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
  mounter_.RemoveDevice(old.device_path);
  EXPECT_THAT(Stage(FileSystem("xfs")),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("StaleEndpoint"), HasSubstr("postgres (pid 4711)"))));
  EXPECT_EQ(MountedAt(kStaging).front().device, old.number);
  mounter_.RemoveUses(old.number);
  ASSERT_OK(Stage(FileSystem("xfs")));
  EXPECT_EQ(MountedAt(kStaging).front().device, Disk().number);
}

TEST_F(StagerTest, ADeadMountIsReplaced) {
  ASSERT_OK(Stage(FileSystem()));
  const base::DeviceNumber old = Disk().number;
  kernel_.SetHeld(target_.subsystem, true);
  for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_THAT(MountedAt(kStaging), SizeIs(1));
  EXPECT_NE(MountedAt(kStaging).front().device, old);
}

TEST_F(StagerTest, UndoesWhatARetryCannotMend) {
  volume::Target other = target_;
  other.identity.uuid = volume::Uuid::Parse("99999999-1111-4222-8333-444455556666").value();
  kernel_.Serve(other);
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kFailedPrecondition));
  ExpectNothingLeft();
}

TEST_F(StagerTest, KeepsThePromiseWhereARetryMayMend) {
  volume_context_["minPaths"] = "2";
  kernel_.Refuse(target_.portals.front());
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Record()->state, StageState::kStaging);
  kernel_.Heal(target_.portals.front());
  EXPECT_OK(Stage(FileSystem()));
}

TEST_F(StagerTest, AnUnreadableContextIsInvalid) {
  volume_context_["minPaths"] = "many";
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kInvalidArgument));
  ExpectNothingLeft();
}

TEST_F(StagerTest, UnstageLeavesNothing) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Unstage());
  ExpectNothingLeft();
  EXPECT_OK(Unstage());
}

TEST_F(StagerTest, UnstageSaysWhatItsUnmountWaitsFor) {
  volume_context_["ctrlLossTmo"] = "600";
  ASSERT_OK(Stage(FileSystem()));
  std::string waits;
  std::string at_unmount;
  effects_.OnEffect([&](const std::string& effect) {
    if (effect.rfind("unmount ", 0) == 0) at_unmount = waits;
  });
  base::Call call(clock_, clock_.Now() + absl::Minutes(2),
                  [&](std::string what) { waits = std::move(what); });
  EXPECT_OK(process_->stager.Unstage(kVolume, kStaging, call));
  EXPECT_THAT(at_unmount, AllOf(HasSubstr(kStaging), HasSubstr("no live path"),
                                HasSubstr("ctrlLossTmo (600 s)")));
  EXPECT_THAT(waits, HasSubstr(target_.subsystem.text()));
}

TEST_F(StagerTest, UnstageRefusesWhileThePodHasTheVolume) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  EXPECT_THAT(Unstage(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(kTarget)));
  EXPECT_THAT(MountedAt(kStaging), SizeIs(1));
  EXPECT_EQ(Controllers(), 1U);
}

TEST_F(StagerTest, UnstageOfAnotherPathTouchesNothing) {
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_OK(Unstage("/kubelet/staging/other"));
  EXPECT_THAT(MountedAt(kStaging), SizeIs(1));
}

TEST_F(StagerTest, UnstageWithoutARecordGoesByTheMount) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(process_->records.Erase(kVolume));
  ASSERT_OK(Unstage());
  ExpectNothingLeft();
}

TEST_F(StagerTest, UnstageOfAForeignMountIsNotFound) {
  mounter_.AddMount({0, 50}, kStaging, "tmpfs");
  EXPECT_THAT(Unstage(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(MountedAt(kStaging), SizeIs(1));
}

TEST_F(StagerTest, UnstageKeepsASubsystemThatAnotherVolumeUses) {
  ASSERT_OK(Stage(FileSystem()));
  node::StageRecord neighbour = *Record();
  neighbour.volume_id = "fast:agent-a:v2";
  ASSERT_OK(process_->records.Put(neighbour));
  ASSERT_OK(Unstage());
  EXPECT_EQ(Controllers(), 1U);
}

// The call is repeated for a volume whose paths went before its record did.
TEST_F(StagerTest, ARepeatedUnstageLeavesWhatAPeerConnectedMeanwhile) {
  ASSERT_OK(Stage(FileSystem()));
  effects_.OnEffect([&](const std::string& effect) {
    if (effect.rfind("disconnect ", 0) == 0) effects_.Fail(2, absl::InternalError("disk full"));
  });
  ASSERT_FALSE(Unstage().ok());
  ASSERT_EQ(Controllers(), 0U);
  ASSERT_TRUE(Record().has_value());
  effects_.OnEffect({});
  kernel_.ConnectAsPeer(target_, target_.portals.front());
  EXPECT_OK(Unstage());
  EXPECT_EQ(Controllers(), 1U);
  EXPECT_EQ(process_->marks.Of(target_.subsystem), std::nullopt);
}

// Else a peer's connection would be taken for ours when the promise is taken back.
TEST_F(StagerTest, ASubsystemThatANeighboursDetachForgetsMeanwhileIsKnown) {
  for (const volume::Portal& portal : target_.portals) kernel_.Refuse(portal);
  int forgotten = 0;
  effects_.OnEffect([&](const std::string& effect) {
    if (effect.rfind("record ", 0) != 0 || forgotten++ > 0) return;
    EXPECT_OK(process_->marks.Forget(target_.subsystem, [] { return true; }));
  });
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_GT(forgotten, 0);
  EXPECT_TRUE(process_->marks.Of(target_.subsystem).has_value());
}

TEST_F(StagerTest, UnstageWaitsForABusyMount) {
  ASSERT_OK(Stage(FileSystem()));
  mounter_.SetBusy(kStaging, true);
  EXPECT_THAT(Unstage(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Record()->state, StageState::kUnstaging);
  mounter_.SetBusy(kStaging, false);
  EXPECT_OK(Unstage());
  ExpectNothingLeft();
}

class StagerDiscoveryTest : public StagerTest {
 protected:
  static constexpr char kController[] = "192.0.2.77";

  StagerDiscoveryTest() {
    discovery_.Know(controller_, target_.subsystem, target_.portals);
    asked_ = target_;
    asked_.portals.clear();
    asked_.discovery = {controller_};
  }
  absl::Status StageDiscovered() {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->stager.Stage(
        {kVolume, kStaging, FileSystem(), volume::EncodePublishContext(asked_), volume_context_},
        call);
  }
  std::vector<volume::Portal> RecordedPortals() { return node::TargetOf(*Record())->portals; }

  const volume::Portal controller_{"tcp", kController, "8009"};
  volume::Target asked_ = target_;
};

TEST_F(StagerDiscoveryTest, ThePortalsThatAreFoundAreConnectedAndRecorded) {
  ASSERT_OK(StageDiscovered());
  Settle();
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_EQ(Record()->publish_context, volume::EncodePublishContext(target_))
      << "as if they had been written by hand";
}

TEST_F(StagerDiscoveryTest, WithoutAnyNothingIsPromised) {
  discovery_.Remove(controller_);
  EXPECT_THAT(StageDiscovered(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(kController)));
  ExpectNothingLeft();
  discovery_.Answer(controller_, nvme::DiscoveryLog{});
  EXPECT_THAT(StageDiscovered(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(identity_.nqn.text())));
  ExpectNothingLeft();
}

TEST_F(StagerDiscoveryTest, WhatWasFoundOutlivesDiscoveryAndTheBoot) {
  ASSERT_OK(StageDiscovered());
  discovery_.Remove(controller_);
  EXPECT_OK(StageDiscovered());
  LoseAllPaths();
  const auto asked = discovery_.asked().size();
  Settle();
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_EQ(discovery_.asked().size(), asked) << "repair asks nobody";

  LoseAllPaths();
  mounter_.Reboot();
  boot_id = "next-boot";
  Restart();
  EXPECT_OK(StageDiscovered());
  EXPECT_EQ(RecordedPortals(), target_.portals);
}

TEST_F(StagerDiscoveryTest, AnotherStageFollowsTheLog) {
  ASSERT_OK(StageDiscovered());
  discovery_.Know(controller_, target_.subsystem, {target_.portals[1]});
  EXPECT_OK(StageDiscovered());
  EXPECT_THAT(RecordedPortals(), ::testing::ElementsAre(target_.portals[1]));
}

// Else a discovery controller that restarts would cost the volume the paths that it told of.
TEST_F(StagerDiscoveryTest, NoPortalIsLostWhileADiscoveryControllerIsSilent) {
  const volume::Portal second{"tcp", kController, "8010"};
  asked_.discovery.push_back(second);
  discovery_.Know(controller_, target_.subsystem, {target_.portals[0]});
  discovery_.Know(second, target_.subsystem, {target_.portals[1]});
  ASSERT_OK(StageDiscovered());
  discovery_.Remove(controller_);
  EXPECT_OK(StageDiscovered());
  EXPECT_THAT(RecordedPortals(), ::testing::ElementsAre(target_.portals[1], target_.portals[0]));
}

TEST_F(StagerDiscoveryTest, APublicationKeepsWhatWasFound) {
  ASSERT_OK(StageDiscovered());
  ASSERT_OK(Publish(FileSystem(), false, kTarget, volume::EncodePublishContext(asked_)));
  EXPECT_EQ(RecordedPortals(), target_.portals);
}

}  // namespace
}  // namespace nvmeof::testing
