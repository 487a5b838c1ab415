#include "node/attacher.h"

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

class AttacherTest : public NodeWorld {
 protected:
  absl::StatusOr<nvme::Namespace> Attach() {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2));
    return process_->attacher.Attach(target_, policy_, call);
  }
  absl::Status Detach() {
    base::Call call(clock_, clock_.Now() + absl::Minutes(2),
                    [this](std::string what) { waits_for_ = std::move(what); });
    return process_->attacher.Detach(
        target_.subsystem, [] { return true; }, call);
  }
  const volume::Portal& Portal(std::size_t index) { return target_.portals.at(index); }

  // The kernel removes the first controller by itself; its name.
  std::string BeginDeletion() {
    std::string name = kernel_.Peek(target_.subsystem)->controllers.front().name;
    kernel_.SetState(name, nvme::ControllerState::kDeleting);
    return name;
  }

  volume::AttachPolicy policy_;
  std::string waits_for_;
};

TEST_F(AttacherTest, ConnectsAsManyPathsAsMustBeLiveAndFindsTheNamespace) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  EXPECT_EQ(ns->number, Disk().number);
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420"));
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420", "connect 192.0.2.2:4420"));
}

TEST_F(AttacherTest, HandsOnlyPortalsThatAnswerToTheKernel) {
  kernel_.Silence(Portal(0));
  const absl::Time start = clock_.Now();
  ASSERT_OK(Attach());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.2:4420"));
  EXPECT_EQ(clock_.Now(), start) << "it waited for the dead one";
}

TEST_F(AttacherTest, AsksASlowPortalOnWhenAFasterOneFailsToConnect) {
  kernel_.Silence(Portal(0));
  kernel_.SetGate([&](const std::string& effect) {
    if (effect != "connect 192.0.2.2:4420") return absl::OkStatus();
    kernel_.Heal(Portal(0));
    return absl::UnavailableError("broke off");
  });
  ASSERT_OK(Attach());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.2:4420", "connect 192.0.2.1:4420"));
}

TEST_F(AttacherTest, APathThatAnotherProgramConnectedIsNotOurs) {
  kernel_.ConnectAsPeer(target_, Portal(0));
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  EXPECT_THAT(*process_->marks.Of(target_.subsystem), ElementsAre(volume::Path{Portal(1), {}}));
  ASSERT_OK(Detach());
  const auto left = kernel_.Peek(target_.subsystem);
  ASSERT_TRUE(left.has_value());
  ASSERT_EQ(left->controllers.size(), 1U);
  EXPECT_EQ(left->controllers.front().path.portal, Portal(0));
}

TEST_F(AttacherTest, DetachOfADiskInUseIsAllowedWhileAPeersPathStays) {
  kernel_.ConnectAsPeer(target_, Portal(0));
  policy_.min_paths = 2;
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddMount(ns->number, "/mnt/of-the-peer", "ext4");
  EXPECT_OK(Detach());
  EXPECT_EQ(Controllers(), 1U);
}

TEST_F(AttacherTest, ConnectsPortalsTimesHostSides) {
  policy_.host_sides = {{"192.0.2.8", ""}, {"192.0.2.9", "eth1"}};
  policy_.min_paths = 4;
  ASSERT_OK(Attach());
  EXPECT_EQ(Controllers(), 4U);
}

TEST_F(AttacherTest, ConnectsOnlyMissingPaths) {
  ASSERT_OK(Attach());
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("connect 192.0.2.1"), 1);
  EXPECT_EQ(kernel_.Count("connect 192.0.2.2"), 1);
}

TEST_F(AttacherTest, ASecondAttachChangesNothing) {
  ASSERT_OK(Attach());
  const auto before = kernel_.log();
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.log(), before);
}

TEST_F(AttacherTest, LeavesAConnectingPathToTheKernel) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  kernel_.Stall(Portal(0));
  policy_.min_paths = 1;
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("connect"), 2);
}

TEST_F(AttacherTest, SucceedsWithOnePathDeadFromTheStart) {
  kernel_.Refuse(Portal(0));
  ASSERT_OK(Attach());
  EXPECT_EQ(Controllers(), 1U);
}

TEST_F(AttacherTest, TooFewLivePathsAreUnavailable) {
  policy_.min_paths = 2;
  kernel_.Refuse(Portal(0));
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AttacherTest, APathThatIsOnlyConnectingIsNotLive) {
  kernel_.Stall(Portal(0));
  kernel_.Refuse(Portal(1));
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AttacherTest, NamesEachPathsOwnCause) {
  kernel_.Refuse(Portal(0), absl::UnavailableError("connection refused"));
  kernel_.Refuse(Portal(1), absl::UnavailableError("no route to host"));
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kUnavailable,
                                 AllOf(HasSubstr("192.0.2.1:4420: connection refused"),
                                       HasSubstr("192.0.2.2:4420: no route to host"))));
}

TEST_F(AttacherTest, WaitsForANamespaceThatAppearsLater) {
  kernel_.Serve(target_, FakeKernel::Appearance::kOnWait);
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("rescan"), 0);
}

// The disk is there already, kept by a path that reconnects: what is new is hidden.
TEST_F(AttacherTest, SeesAtOnceThatANewPathTakesIoThoughNoEventTellsIt) {
  ASSERT_OK(Attach());
  kernel_.Stall(Portal(0));
  kernel_.Serve(target_, FakeKernel::Appearance::kOnWait);
  const absl::Time start = clock_.Now();
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("connect 192.0.2.2"), 1);
  EXPECT_LE(clock_.Now() - start, absl::Milliseconds(100));
  EXPECT_EQ(kernel_.Count("rescan"), 0);
}

TEST_F(AttacherTest, LooksAFewTimesASecondForWhatNoEventTells) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  kernel_.Stall(Portal(0));
  kernel_.Withdraw(target_.subsystem);
  policy_.min_paths = 1;
  const absl::Time start = clock_.Now();
  const int looks = kernel_.looks();
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("NoLivePath")));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(12)) << "it gave up early, or waited on";
  EXPECT_EQ(kernel_.Count("rescan"), 1);
  EXPECT_LT(kernel_.looks() - looks, 12 * 10 + 10);
}

TEST_F(AttacherTest, RescansOnceWhenNoEventComes) {
  kernel_.Serve(target_, FakeKernel::Appearance::kOnRescan);
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("rescan"), 2);  // each live controller once
}

TEST_F(AttacherTest, ANamespaceThatNeverComesIsNotFound) {
  kernel_.Serve(target_, FakeKernel::Appearance::kNever);
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AttacherTest, EndsAtTheCallersDeadline) {
  kernel_.Serve(target_, FakeKernel::Appearance::kNever);
  base::Call call(clock_, clock_.Now() + absl::Seconds(1));
  EXPECT_THAT(process_->attacher.Attach(target_, policy_, call),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(AttacherTest, AnotherVolumeInItsPlaceIsRefused) {
  volume::Target other = target_;
  other.identity.uuid = volume::Uuid::Parse("99999999-1111-4222-8333-444455556666").value();
  kernel_.Serve(other);
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("99999999-1111-4222-8333-444455556666")));
}

TEST_F(AttacherTest, ADiskSmallerThanTheVolumeIsUnavailable) {
  kernel_.Grow(target_.subsystem, 4096);
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AttacherTest, SeveralPathsNeedNativeMultipath) {
  kernel_.SetNativeMultipath(false);
  EXPECT_THAT(Attach(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nvme_core.multipath=Y")));
  policy_.max_paths = 1;
  EXPECT_OK(Attach());
}

TEST_F(AttacherTest, MorePathsThanPossibleAreRefusedWithoutAConnect) {
  policy_.min_paths = 3;
  EXPECT_THAT(Attach(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("minPaths is 3")));
  EXPECT_EQ(kernel_.Count("connect"), 0);
}

TEST_F(AttacherTest, WhatATransportDoesNotHaveIsRefusedWithoutAConnect) {
  target_.portals.front().transport = volume::kRdma;
  policy_.connect.hdr_digest = true;
  EXPECT_THAT(Attach(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("parameter hdrDigest: \"true\" is for tcp only")));
  EXPECT_EQ(kernel_.Count("connect"), 0);
}

TEST_F(AttacherTest, SetsTheIoPolicyOnce) {
  policy_.io_policy = volume::IoPolicy::kRoundRobin;
  ASSERT_OK(Attach());
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Count("io_policy"), 1);
}

TEST_F(AttacherTest, FallsBackToRoundRobinOnAnOlderKernel) {
  policy_.io_policy = volume::IoPolicy::kQueueDepth;
  kernel_.SetGate([](const std::string& effect) {
    return absl::StrContains(effect, "queue-depth") ? absl::UnimplementedError("unknown policy")
                                                    : absl::OkStatus();
  });
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.Peek(target_.subsystem)->io_policy, "round-robin");
}

TEST_F(AttacherTest, PassesTheConnectOptions) {
  policy_.connect.ctrl_loss_tmo = absl::Minutes(30);
  policy_.connect.data_digest = true;
  ASSERT_OK(Attach());
  EXPECT_EQ(kernel_.last_options(), policy_.connect);
}

TEST_F(AttacherTest, SubscribesAfterTheConnectAndBeforeTheLookThatFollows) {
  int at_connect = -1;
  int at_last_look = -1;
  kernel_.SetGate([&](const std::string&) {
    at_connect = kernel_.subscriptions();
    return absl::OkStatus();
  });
  topology_.AfterLooks([&] { at_last_look = kernel_.subscriptions(); });
  ASSERT_OK(Attach());
  EXPECT_EQ(at_connect, 0);
  EXPECT_EQ(at_last_look, 1);
}

TEST_F(AttacherTest, DetachDeletesEveryController) {
  ASSERT_OK(Attach());
  ASSERT_OK(Detach());
  EXPECT_EQ(Controllers(), 0U);
  EXPECT_OK(Detach());
}

// ctrl_loss_tmo ran out just now, or somebody else disconnects.
TEST_F(AttacherTest, DetachWaitsForWhatTheKernelDeletesAlready) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  const std::string name = BeginDeletion();
  const absl::Time start = clock_.Now();
  kernel_.After(absl::Seconds(7), [this, name] { kernel_.Lose(name); });
  EXPECT_OK(Detach());
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(7));
  EXPECT_EQ(Controllers(), 0U);
  EXPECT_THAT(process_->marks.Of(target_.subsystem), Optional(IsEmpty()));
}

TEST_F(AttacherTest, DetachSeesADeletionThatEndsWhileItBeginsToListen) {
  ASSERT_OK(Attach());
  const std::string name = BeginDeletion();
  const absl::Time start = clock_.Now();
  topology_.AfterLooks([this, name] {
    if (!waits_for_.empty() || kernel_.Count("disconnect") == 0) return;
    kernel_.Lose(name);
  });
  EXPECT_OK(Detach());
  EXPECT_EQ(clock_.Now(), start);
}

TEST_F(AttacherTest, DetachSaysAtItsDeadlineWhatTheKernelStillDeletes) {
  ASSERT_OK(Attach());
  const std::string name = BeginDeletion();
  const absl::Time start = clock_.Now();
  const absl::Status detached = Detach();
  EXPECT_THAT(detached, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                 AllOf(HasSubstr(name), HasSubstr("192.0.2.1:4420"))));
  EXPECT_EQ(waits_for_, detached.message());
  EXPECT_EQ(clock_.Now() - start, absl::Minutes(2));
  EXPECT_THAT(*process_->marks.Of(target_.subsystem), ElementsAre(volume::Path{Portal(0), {}}))
      << "it is no longer known to be ours";
  kernel_.Lose(name);
  EXPECT_OK(Detach());
}

TEST_F(AttacherTest, DetachRefusesWhileADiskIsMounted) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddMount(ns->number, "/mnt/somewhere", "ext4");
  EXPECT_THAT(Detach(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/mnt/somewhere")));
  EXPECT_EQ(Controllers(), 1U);
}

TEST_F(AttacherTest, DetachRefusesWhileTheDeviceNodeIsBound) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddFile("/kubelet/pods/p1/raw");
  ASSERT_OK(mounter_.BindMount(ns->device_path, "/kubelet/pods/p1/raw", mount::Access::kReadWrite));
  EXPECT_THAT(Detach(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AttacherTest, DetachRefusesWhileAnotherMountNamespaceHasTheDisk) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddUse(ns->number,
                  {mount::DeviceUse::Kind::kMount, "/data", {.pid = 4711, .program = "postgres"}});
  EXPECT_THAT(Detach(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(" is still mounted at /data in the mount "
                                           "namespace of postgres (pid 4711)")));
  EXPECT_EQ(Controllers(), 1U);
  mounter_.RemoveUses(ns->number);
  EXPECT_OK(Detach());
}

// A peer that never came so far as to show the disk keeps it for nobody.
TEST_F(AttacherTest, APeersPathThatTakesNoIoDoesNotKeepAUsedDisk) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddMount(ns->number, "/mnt/somewhere", "ext4");
  kernel_.ConnectAsPeer(target_, Portal(1));
  kernel_.Stall(Portal(1));
  EXPECT_THAT(Detach(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/mnt/somewhere")));
  EXPECT_EQ(Controllers(), 2U);
  kernel_.Heal(Portal(1));
  EXPECT_OK(Detach());
  EXPECT_EQ(Controllers(), 1U);
}

TEST_F(AttacherTest, DetachRefusesWhileTheDiskIsSwap) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddUse(ns->number, {mount::DeviceUse::Kind::kSwap, ns->device_path, {}});
  EXPECT_THAT(Detach(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("swap")));
}

// udev looks at each disk that was just unmounted.
TEST_F(AttacherTest, AnOpenDescriptorDoesNotHinderDetach) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  mounter_.AddUse(ns->number, {mount::DeviceUse::Kind::kOpen, ns->device_path, {77, "udev"}});
  EXPECT_OK(Detach());
}

TEST_F(AttacherTest, DetachRefusesWhileSomethingHoldsTheDisk) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  kernel_.SetHolders(ns->number, true);
  EXPECT_THAT(Detach(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AttacherTest, FindNeedsALivePath) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  kernel_.Stall(Portal(0));
  EXPECT_OK(process_->attacher.Find(target_));
  kernel_.Stall(Portal(1));
  EXPECT_THAT(process_->attacher.Find(target_), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AttacherTest, KnowsTheSubsystemOfADisk) {
  const auto ns = Attach();
  ASSERT_OK(ns);
  const auto owner = process_->attacher.SubsystemOf(ns->number);
  ASSERT_OK(owner);
  EXPECT_EQ(*owner, target_.subsystem);
  EXPECT_EQ(process_->attacher.SubsystemOf({8, 1})->has_value(), false);
}

TEST_F(AttacherTest, DropsPathsOnlyWhileAnotherIsLive) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  base::Call call(clock_, clock_.Now() + absl::Minutes(2));
  const auto drop = [&](std::vector<volume::Path> paths) {
    return process_->attacher.DropPaths(target_.subsystem, paths, call);
  };
  EXPECT_THAT(drop({{Portal(0), {}}, {Portal(1), {}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  kernel_.Stall(Portal(0));
  EXPECT_THAT(drop({{Portal(1), {}}}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_OK(drop({{Portal(0), {}}}));
  EXPECT_THAT(*process_->marks.Of(target_.subsystem), ElementsAre(volume::Path{Portal(1), {}}));
  EXPECT_OK(drop({{Portal(0), {}}}));
}

// A live controller without a path disk is no path to fall back on.
TEST_F(AttacherTest, KeepsThePathThatKeepsTheDisk) {
  policy_.min_paths = 2;
  ASSERT_OK(Attach());
  kernel_.Stall(Portal(0));
  kernel_.Withdraw(target_.subsystem);
  base::Call call(clock_, clock_.Now() + absl::Minutes(2));
  EXPECT_THAT(process_->attacher.DropPaths(target_.subsystem, {{Portal(0), {}}}, call),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no other path to nqn.2026-01.dev.nvmeof:v1 takes I/O for nvme")));
  EXPECT_EQ(Controllers(), 2U);
}

}  // namespace
}  // namespace nvmeof::testing
