#include "node/reconciler.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using node::StageState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOtherHost[] = "nqn.2014-08.org.example:other-host";

class ReconcilerTest : public NodeWorld {
 protected:
  // Ready for a pod, with all its paths.
  void GivenPublished(const volume::VolumeCapability& capability, bool read_only = false) {
    ASSERT_OK(Stage(capability));
    ASSERT_OK(Publish(capability, read_only));
    Settle();
    ASSERT_EQ(Controllers(), 2U);
  }
  // A raw block volume whose promise is gone: connected, and used by nobody.
  void GivenUnpromised() {
    ASSERT_OK(Stage(Block()));
    Settle();
    ASSERT_OK(process_->records.Erase(kVolume));
  }
  void Tick() { process_->reconciler.Tick(); }
  std::set<volume::Portal> Connected() {
    std::set<volume::Portal> portals;
    const nvme::Subsystem subsystem = *kernel_.Peek(target_.subsystem);
    for (const nvme::Controller& each : subsystem.controllers) portals.insert(each.path.portal);
    return portals;
  }
  const volume::Portal& Portal(std::size_t index) { return target_.portals.at(index); }
  std::vector<node::Ailment> Health() { return *process_->health.OfVolume(kVolume); }
  // The target listens elsewhere from now on, and no longer where it did.
  void MovePortals() {
    target_.portals = {{"tcp", "192.0.2.3", "4420"}, {"tcp", "192.0.2.4", "4420"}};
    kernel_.Serve(target_);
  }
  std::set<volume::Portal> Wanted() const { return {target.portals.begin(), target.portals.end()}; }
};

TEST_F(ReconcilerTest, ConnectsFurtherPathsOfAVolumeThatWasStagedJustNow) {
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_EQ(Controllers(), 1U);
  process_->reconciler.Attend(kVolume);
  EXPECT_EQ(Controllers(), 2U);
  const auto before = effects_.log();
  process_->reconciler.Attend(kVolume);
  process_->reconciler.Attend("unknown");
  EXPECT_EQ(effects_.log(), before);
}

TEST_F(ReconcilerTest, CreatesALostPathAnew) {
  GivenPublished(FileSystem());
  const nvme::Namespace disk = Disk();
  kernel_.Drop(Portal(0));
  EXPECT_EQ(Health().front().reason, "Degraded");
  Tick();
  EXPECT_EQ(Connected(), Wanted());
  EXPECT_EQ(Disk(), disk);
  EXPECT_THAT(Health(), IsEmpty());
}

TEST_F(ReconcilerTest, LeavesAConnectingPathToTheKernel) {
  GivenPublished(FileSystem());
  for (const volume::Portal& portal : target_.portals) kernel_.Stall(portal);
  const auto before = kernel_.log();
  Settle();
  EXPECT_EQ(kernel_.log(), before);
}

class AllPathsLostTest : public ReconcilerTest, public ::testing::WithParamInterface<bool> {};

TEST_P(AllPathsLostTest, ARawBlockVolumeGetsItsDeviceBack) {
  GivenPublished(Block(), GetParam());
  const base::DeviceNumber old = Disk().number;
  LoseAllPaths();
  Tick();
  ASSERT_NE(Disk().number, old);
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
  EXPECT_EQ(file_systems_.IsReadOnly(Disk().number), GetParam());
  EXPECT_EQ(Connected(), Wanted());
  EXPECT_THAT(Health(), IsEmpty());
}

// XFS refuses a disk while the old one is mounted anywhere, so all of the old goes first.
TEST_P(AllPathsLostTest, AFileSystemIsMountedAnewWhereItWas) {
  for (const char* type : {"ext4", "xfs"}) {
    volume::VolumeCapability capability = FileSystem(type);
    capability.mode = volume::AccessMode::kSingleNodeMultiWriter;
    GivenPublished(capability, GetParam());
    ASSERT_OK(Publish(capability, !GetParam(), kSecondTarget));
    const base::DeviceNumber old = Disk().number;
    const int formats = file_systems_.formats();
    LoseAllPaths();
    std::size_t old_mounts = 99;
    effects_.OnEffect([&](const std::string& effect) {
      if (effect.rfind("mount ", 0) == 0) old_mounts = mounter_.Table()->Of(old).size();
    });
    Tick();
    EXPECT_EQ(old_mounts, 0U);
    for (const auto& [path, read_only] :
         {std::pair(kStaging, false), std::pair(kTarget, GetParam()),
          std::pair(kSecondTarget, !GetParam())}) {
      ASSERT_THAT(MountedAt(path), SizeIs(1)) << path;
      EXPECT_EQ(MountedAt(path).front().device, Disk().number) << path;
      EXPECT_EQ(MountedAt(path).front().read_only, read_only) << path;
    }
    EXPECT_EQ(file_systems_.formats(), formats);
    EXPECT_THAT(Health(), IsEmpty());
    effects_.OnEffect(nullptr);
    ASSERT_OK(Unpublish());
    ASSERT_OK(Unpublish(kSecondTarget));
    ASSERT_OK(Unstage());
    ExpectNothingLeft();
    file_systems_.SetMedium({259, 1000}, target_.identity.uuid->Hex());
    file_systems_.SetContent({259, 1000}, {mount::Content::kBlank, ""});
  }
}

INSTANTIATE_TEST_SUITE_P(ReadOnlyOrNot, AllPathsLostTest, ::testing::Bool());

TEST_F(ReconcilerTest, AFileSystemThatIsHeldStaysUntilItIsReleasedAndHealthSaysSo) {
  GivenPublished(FileSystem());
  LoseAllPaths();
  const auto before = MountedAt(kTarget);
  mounter_.SetBusy(kTarget, true);
  Settle();
  EXPECT_TRUE(MountedAt(kTarget) == before);
  ASSERT_THAT(Health(), SizeIs(1));
  EXPECT_EQ(Health().front().reason, "StaleEndpoint");
  EXPECT_EQ(Health().front().severity, node::Ailment::Severity::kInaccessible);
  EXPECT_THAT(Health().front().message, HasSubstr("busy"));
  EXPECT_THAT(Record()->publications, SizeIs(1));
  mounter_.SetBusy(kTarget, false);
  Settle();
  EXPECT_THAT(Health(), IsEmpty());
  EXPECT_FALSE(MountedAt(kTarget) == before);
}

// Whoever tries to open the dead disk again and again keeps its node busy.
TEST_F(ReconcilerTest, ARawBlockPathThatIsBusyGetsItsDeviceBack) {
  GivenPublished(Block());
  LoseAllPaths();
  mounter_.SetBusy(kTarget, true);
  Tick();
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
  EXPECT_THAT(MountedAt(kTarget), SizeIs(1));
  EXPECT_THAT(Health(), IsEmpty());
}

// While the plugin was down nobody held the disk, and its number is free for another volume's.
TEST_F(ReconcilerTest, ANodeWhoseDiskWentAwayWhileThePluginWasDownIsTakenAway) {
  GivenPublished(Block());
  for (std::size_t i = 0; i < 2; ++i) kernel_.Refuse(Portal(i));
  LoseAllPaths();
  Restart();
  Tick();
  EXPECT_THAT(MountedAt(kTarget), IsEmpty());
  EXPECT_THAT(Record()->publications, SizeIs(1));
  for (std::size_t i = 0; i < 2; ++i) kernel_.Heal(Portal(i));
  Settle();
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
  EXPECT_THAT(Health(), IsEmpty());
}

TEST_F(ReconcilerTest, ADeadPortalIsAskedMoreAndMoreSeldom) {
  ASSERT_OK(Stage(Block()));
  kernel_.Refuse(Portal(1));
  const int before = kernel_.probes();
  std::vector<int> asked_at;
  for (int second = 0; second < 120; ++second) {
    const int probes = kernel_.probes();
    Tick();
    if (kernel_.probes() > probes) asked_at.push_back(second);
    clock_.Advance(absl::Seconds(1));
  }
  // At once, then after about 5, 10, 20, 30 and 30 seconds.
  EXPECT_GE(kernel_.probes() - before, 5);
  EXPECT_LE(kernel_.probes() - before, 7);
  EXPECT_GT(asked_at.at(3) - asked_at.at(2), asked_at.at(1) - asked_at.at(0));
  EXPECT_EQ(kernel_.Count("connect"), 1) << "the kernel was bothered with it";
  EXPECT_THAT(Health().front().message, HasSubstr("connection refused"));
  kernel_.Heal(Portal(1));
  Settle();
  EXPECT_THAT(Health(), IsEmpty());
}

TEST_F(ReconcilerTest, OneDeadPortalDelaysNoOther) {
  GivenPublished(FileSystem());
  kernel_.Refuse(Portal(1));
  kernel_.Drop(Portal(1));
  Tick();
  kernel_.Drop(Portal(0));
  Tick();
  EXPECT_EQ(Connected(), std::set<volume::Portal>{Portal(0)});
}

TEST_F(ReconcilerTest, AsksForANamespaceAtTheSecondLook) {
  GivenPublished(Block());
  kernel_.Withdraw(target_.subsystem);
  Tick();
  EXPECT_EQ(kernel_.Count("rescan"), 0);
  Tick();
  EXPECT_EQ(kernel_.Count("rescan"), 2);
}

// The path that reconnects keeps the disk, and I/O waits; the notice of its return is lost.
TEST_F(ReconcilerTest, AsksALivePathThatHasNoDiskAnyMore) {
  GivenPublished(FileSystem());
  kernel_.Stall(Portal(0));
  kernel_.Withdraw(target_.subsystem);
  EXPECT_EQ(Health().front().reason, "NoLivePath");
  EXPECT_EQ(Health().front().severity, node::Ailment::Severity::kInaccessible);
  kernel_.Serve(target_);
  Settle();
  EXPECT_GT(kernel_.Count("rescan"), 0);
  EXPECT_FALSE(*(*kernel_.Subscribe())->WaitUntil(clock_.Now() + absl::Seconds(1)));
  EXPECT_EQ(Health().front().reason, "Degraded");
}

TEST_F(ReconcilerTest, ReapsInTwoLooksAndNeverWithOne) {
  GivenUnpromised();
  Tick();
  EXPECT_EQ(Controllers(), 2U);
  Tick();
  ExpectNothingLeft();
  EXPECT_THAT(process_->marks.Subsystems(), IsEmpty());
}

TEST_F(ReconcilerTest, TheTwoLooksFollowOneAnother) {
  GivenUnpromised();
  Tick();
  ASSERT_OK(Stage(Block()));
  Tick();
  ASSERT_OK(process_->records.Erase(kVolume));
  Tick();
  EXPECT_EQ(Controllers(), 2U);
}

TEST_F(ReconcilerTest, ANewProcessReapsWhatAnEarlierOneConnected) {
  GivenUnpromised();
  Restart();
  Settle();
  ExpectNothingLeft();
}

TEST_F(ReconcilerTest, NothingThatIsMountedIsReaped) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(process_->records.Erase(kVolume));
  Settle();
  EXPECT_EQ(Controllers(), 1U);
  ASSERT_OK(mounter_.Unmount(kStaging));
  Settle();
  ExpectNothingLeft();
}

TEST_F(ReconcilerTest, NothingThatIsHeldOrOpenIsReaped) {
  GivenUnpromised();
  const base::DeviceNumber disk = Disk().number;
  kernel_.SetHolders(disk, true);
  Settle();
  EXPECT_EQ(Controllers(), 2U);
  kernel_.SetHolders(disk, false);
  mounter_.AddUse(disk, {mount::DeviceUse::Kind::kOpen, Disk().device_path, {4711, "dd"}});
  Settle();
  EXPECT_EQ(Controllers(), 2U);
  mounter_.RemoveUses(disk);
  Settle();
  ExpectNothingLeft();
}

TEST_F(ReconcilerTest, ConnectionsOfPeersAreNeverReaped) {
  kernel_.ConnectAsPeer(target_, Portal(0));
  Settle();
  GivenUnpromised();
  Settle();
  EXPECT_EQ(Connected(), std::set<volume::Portal>{Portal(0)});
}

TEST_F(ReconcilerTest, ConnectionsOfAnotherHostNqnAreNeverReaped) {
  kernel_.ConnectAsPeer(target_, Portal(0), kOtherHost);
  kernel_.ConnectAsPeer(target_, {"tcp", "192.0.2.9", "4420"}, kOtherHost);
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(process_->records.Erase(kVolume));
  Settle();
  const nvme::Subsystem left = *kernel_.Peek(target_.subsystem);
  ASSERT_THAT(left.controllers, SizeIs(2));
  for (const nvme::Controller& controller : left.controllers) {
    EXPECT_EQ(controller.host_nqn, kOtherHost);
  }
}

TEST_F(ReconcilerTest, NothingIsReapedWhileAnAttachOfItRuns) {
  bool ticked = false;
  effects_.OnEffect([&](const std::string& effect) {
    if (effect != "io_policy nvme-subsys3 queue-depth") return;
    Settle();
    ticked = true;
  });
  base::Call call(clock_, clock_.Now() + absl::Minutes(2));
  volume::AttachPolicy policy;
  policy.io_policy = volume::IoPolicy::kQueueDepth;
  ASSERT_OK(process_->attacher.Attach(target_, policy, call));
  EXPECT_TRUE(ticked);
  EXPECT_EQ(Controllers(), 1U);
  EXPECT_GT(process_->reconciler.Counts()["reap"].failed, 0);
}

TEST_F(ReconcilerTest, SetsTheIoPolicyAgain) {
  GivenPublished(FileSystem());
  const std::string subsystem = kernel_.Peek(target_.subsystem)->name;
  ASSERT_OK(kernel_.SetIoPolicy(subsystem, volume::IoPolicy::kNuma));
  Tick();
  EXPECT_EQ(kernel_.Peek(target_.subsystem)->io_policy, "queue-depth");
}

TEST_F(ReconcilerTest, IsContentWithWhatAnOldKernelHasInPlaceOfQueueDepth) {
  kernel_.SetGate([](const std::string& effect) {
    return effect == "io_policy nvme-subsys3 queue-depth" ? absl::UnimplementedError("EINVAL")
                                                          : absl::OkStatus();
  });
  GivenPublished(FileSystem());
  EXPECT_EQ(kernel_.Peek(target_.subsystem)->io_policy, "round-robin");
  const auto before = kernel_.log();
  Settle();
  EXPECT_EQ(kernel_.log(), before);
}

TEST_F(ReconcilerTest, FollowsPortalsThatAPublishTellsOf) {
  GivenPublished(FileSystem());
  const nvme::Namespace disk = Disk();
  MovePortals();
  ASSERT_OK(Publish(FileSystem(), false, kTarget, volume::EncodePublishContext(target_)));
  Tick();
  EXPECT_EQ(Controllers(), 4U);
  Settle();
  EXPECT_EQ(Connected(), Wanted());
  EXPECT_EQ(Disk(), disk);
  EXPECT_THAT(*process_->marks.Of(target_.subsystem), SizeIs(2));
}

TEST_F(ReconcilerTest, FollowsPortalsThatAStageTellsOf) {
  ASSERT_OK(Stage(FileSystem()));
  Settle();
  MovePortals();
  ASSERT_OK(Stage(FileSystem()));
  Settle();
  EXPECT_EQ(Connected(), Wanted());
}

TEST_F(ReconcilerTest, KeepsTheOldPortalsWhileNoNewOneIsLive) {
  GivenPublished(FileSystem());
  const std::set<volume::Portal> old = Connected();
  MovePortals();
  for (const volume::Portal& portal : target_.portals) kernel_.Refuse(portal);
  ASSERT_OK(Publish(FileSystem(), false, kTarget, volume::EncodePublishContext(target_)));
  Settle();
  EXPECT_EQ(Connected(), old);
}

TEST_F(ReconcilerTest, APeersPathAtAnOldPortalStays) {
  const volume::Portal old = Portal(0);
  kernel_.ConnectAsPeer(target_, old);
  GivenPublished(FileSystem());
  MovePortals();
  ASSERT_OK(Stage(FileSystem()));
  Settle();
  std::set<volume::Portal> wanted = Wanted();
  wanted.insert(old);
  EXPECT_EQ(Connected(), wanted);
}

TEST_F(ReconcilerTest, WhatNoWorkerTookIsTriedAtTheNextTick) {
  GivenPublished(FileSystem());
  const std::int64_t begun = process_->reconciler.Counts()["connect"].begun;
  kernel_.Drop(Portal(0));
  start_repair = [](const auto&) { return absl::ResourceExhaustedError("all busy"); };
  Tick();
  EXPECT_EQ(Controllers(), 1U);
  EXPECT_EQ(process_->reconciler.Counts()["connect"].begun, begun);
  start_repair = [](auto step) { return step(); };
  Tick();
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_EQ(process_->reconciler.Counts()["connect"].begun, begun + 1);
}

TEST_F(ReconcilerTest, WhatRunsIsNotBegunAgain) {
  GivenPublished(FileSystem());
  kernel_.Drop(Portal(0));
  std::vector<absl::AnyInvocable<absl::Status()>> begun;
  start_repair = [&](auto step) {
    begun.push_back(std::move(step));
    return absl::OkStatus();
  };
  Settle();
  ASSERT_THAT(begun, SizeIs(1));
  ASSERT_OK(begun.front()());
  EXPECT_EQ(Controllers(), 2U);
}

TEST_F(ReconcilerTest, ATickWithNothingWrongCostsNothing) {
  GivenPublished(FileSystem());
  effects_.Forget();
  const int probes = kernel_.probes();
  const int subscriptions = kernel_.subscriptions();
  const int looks = kernel_.looks();
  Settle();
  EXPECT_THAT(effects_.log(), IsEmpty());
  EXPECT_EQ(kernel_.probes(), probes);
  EXPECT_EQ(kernel_.subscriptions(), subscriptions);
  EXPECT_EQ(kernel_.looks(), looks + 3) << "more than one look each";
}

TEST_F(ReconcilerTest, RecordsOfUnfinishedCallsAreLeftAlone) {
  for (const StageState state : {StageState::kStaging, StageState::kUnstaging}) {
    ASSERT_OK(Stage(FileSystem()));
    node::StageRecord record = *Record();
    record.state = state;
    ASSERT_OK(process_->records.Put(record));
    kernel_.Drop(Portal(0));
    const auto before = effects_.log();
    Settle();
    EXPECT_EQ(effects_.log(), before);
    ASSERT_OK(Unstage());
  }
}

TEST_F(ReconcilerTest, AVolumeThatACallWorksOnIsRestoredAfterIt) {
  GivenPublished(Block());
  const base::DeviceNumber old = Disk().number;
  LoseAllPaths();
  {
    const std::optional<base::Claim> call = claims_.TryTake(kVolume);
    Settle();
    EXPECT_EQ(Controllers(), 2U);
    EXPECT_EQ(*mounter_.BlockDevice(kTarget), old);
  }
  Settle();
  EXPECT_EQ(*mounter_.BlockDevice(kTarget), Disk().number);
}

TEST_F(ReconcilerTest, WhatWasUnstagedWhileItsConnectWaitedIsNotConnected) {
  ASSERT_OK(Stage(Block()));
  std::vector<absl::AnyInvocable<absl::Status()>> begun;
  start_repair = [&](auto step) {
    begun.push_back(std::move(step));
    return absl::OkStatus();
  };
  Tick();
  ASSERT_OK(Unstage());
  ASSERT_THAT(begun, SizeIs(1));
  ASSERT_OK(begun.front()());
  ExpectNothingLeft();
}

}  // namespace
}  // namespace nvmeof::testing
