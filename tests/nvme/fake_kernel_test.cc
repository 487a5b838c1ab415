#include "tests/fakes/fake_kernel.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::SizeIs;

// What the code under test may rely on, because the kernel does the same.
class FakeKernelTest : public ::testing::Test {
 protected:
  FakeKernelTest() : events_(*kernel_.Subscribe()) {}

  absl::Status Connect(const volume::Portal& portal) {
    return kernel_.Connect({target_.subsystem, {portal, {}}, {}});
  }

  nvme::Subsystem Look() { return (*kernel_.Find(target_.subsystem)).value_or(nvme::Subsystem()); }

  bool Wait(absl::Duration time = absl::Seconds(1)) {
    return *events_->WaitUntil(clock_.Now() + time);
  }

  const volume::Portal first_{"tcp", "192.0.2.1", "4420"};
  const volume::Portal second_{"tcp", "192.0.2.2", "4420"};
  const volume::Target target_{*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:volume-1"),
                               {volume::Uuid::Random(), std::nullopt, 1},
                               {first_, second_},
                               1 << 20};
  FakeClock clock_;
  FakeKernel kernel_{clock_};
  std::unique_ptr<nvme::UeventSubscription> events_;
};

TEST_F(FakeKernelTest, ConnectsOnlyWhatATargetServes) {
  EXPECT_THAT(Connect(first_), StatusIs(absl::StatusCode::kUnavailable));
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  kernel_.Refuse(second_);
  EXPECT_THAT(Connect(second_), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Look().controllers, SizeIs(1));
}

TEST_F(FakeKernelTest, MakesOneControllerForOnePath) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  EXPECT_THAT(Connect(first_), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Look().controllers, SizeIs(1));
  EXPECT_EQ(kernel_.Count("connect"), 2);
}

TEST_F(FakeKernelTest, ShowsADiskWhileSomebodyWaits) {
  kernel_.Serve(target_, FakeKernel::Appearance::kOnWait);
  EXPECT_OK(Connect(first_));
  EXPECT_TRUE(Wait());
  EXPECT_THAT(Look().namespaces, IsEmpty());
  EXPECT_TRUE(Wait());
  EXPECT_THAT(Look().namespaces, SizeIs(1));
}

TEST_F(FakeKernelTest, ShowsADiskAfterARescan) {
  kernel_.Serve(target_, FakeKernel::Appearance::kOnRescan);
  EXPECT_OK(Connect(first_));
  EXPECT_TRUE(Wait());
  EXPECT_FALSE(Wait());
  EXPECT_OK(kernel_.Rescan(Look().controllers.front().name));
  EXPECT_TRUE(Wait());
  EXPECT_THAT(Look().namespaces, SizeIs(1));
}

TEST_F(FakeKernelTest, MovesTheClockWhenAWaitIsInVain) {
  const absl::Time start = clock_.Now();
  EXPECT_FALSE(Wait(absl::Seconds(7)));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(7));
}

TEST_F(FakeKernelTest, RunsAScriptedChangeAtItsTime) {
  const absl::Time start = clock_.Now();
  kernel_.Serve(target_, FakeKernel::Appearance::kOnWait);
  kernel_.After(absl::Seconds(3), [this] { EXPECT_OK(Connect(first_)); });
  EXPECT_FALSE(Wait(absl::Seconds(2)));
  EXPECT_TRUE(Wait(absl::Seconds(2)));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(3));
}

TEST_F(FakeKernelTest, StallsAPathWithoutAnEvent) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  EXPECT_TRUE(Wait());
  kernel_.Stall(first_);
  EXPECT_FALSE(Wait());
  EXPECT_EQ(nvme::LivePaths(Look(), {{first_, {}}}), 0);
  kernel_.Heal(first_);
  EXPECT_TRUE(Wait());
  EXPECT_EQ(nvme::LivePaths(Look(), {{first_, {}}}), 1);
}

TEST_F(FakeKernelTest, NumbersDisksAnewAfterATotalLoss) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  const nvme::Namespace before = Look().namespaces.front();
  kernel_.SetHeld(target_.subsystem, true);
  kernel_.Drop(first_);
  EXPECT_THAT(kernel_.Exists(before.number), IsOkAndHolds(false));
  EXPECT_EQ(kernel_.Peek(target_.subsystem)->controllers.size(), 0);
  EXPECT_OK(Connect(second_));
  EXPECT_THAT(Look().namespaces.front().name, Ne(before.name));
}

TEST_F(FakeKernelTest, ReusesTheNumberOfADiskThatNobodyHolds) {
  bool held = true;
  kernel_.ReuseNumbers([&held](base::DeviceNumber) { return !held; });
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  const nvme::Namespace before = Look().namespaces.front();
  for (const bool reused : {false, true}) {
    held = !reused;
    kernel_.Withdraw(target_.subsystem);
    kernel_.Serve(target_);
    kernel_.Announce(target_.subsystem);
    EXPECT_EQ(Look().namespaces.front().number == before.number, reused);
    EXPECT_EQ(Look().namespaces.front().name == before.name, reused);
  }
}

TEST_F(FakeKernelTest, KeepsTheEmptySubsystemOfADiskThatIsHeld) {
  for (const bool held : {false, true}) {
    kernel_.ReuseNumbers([held](base::DeviceNumber) { return !held; });
    kernel_.Serve(target_);
    EXPECT_OK(Connect(first_));
    kernel_.Drop(first_);
    EXPECT_EQ(kernel_.Peek(target_.subsystem).has_value(), held);
  }
  EXPECT_THAT(Look().controllers, IsEmpty());
  EXPECT_THAT(Look().namespaces, IsEmpty());
  kernel_.SetHeld(target_.subsystem, false);
  EXPECT_EQ(kernel_.Peek(target_.subsystem), std::nullopt);
}

TEST_F(FakeKernelTest, ShowsAnotherIdentityOnlyAfterAScanThatDropsTheOldOne) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  volume::Target other = target_;
  other.identity.uuid = volume::Uuid::Random();
  kernel_.Serve(other);
  kernel_.Announce(target_.subsystem);
  EXPECT_THAT(Look().namespaces, IsEmpty());
  kernel_.Announce(target_.subsystem);
  ASSERT_THAT(Look().namespaces, SizeIs(1));
  EXPECT_EQ(Look().namespaces.front().uuid, other.identity.uuid);
}

TEST_F(FakeKernelTest, KeepsADiskWhileAnyControllerHasAPathToIt) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  EXPECT_OK(Connect(second_));
  const base::DeviceNumber disk = Look().namespaces.front().number;
  kernel_.Stall(first_);
  EXPECT_TRUE(kernel_.Answers(disk));
  kernel_.Withdraw(target_.subsystem);
  EXPECT_THAT(Look().namespaces, SizeIs(1));
  EXPECT_THAT(Look().controllers.front().serves, ElementsAre(1));
  EXPECT_THAT(Look().controllers.back().serves, IsEmpty());
  EXPECT_FALSE(kernel_.Answers(disk));
  kernel_.Heal(first_);
  EXPECT_THAT(Look().namespaces, IsEmpty());
}

TEST_F(FakeKernelTest, GivesAPathItsHiddenDiskWithoutAnEvent) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  kernel_.Serve(target_, FakeKernel::Appearance::kOnWait);
  EXPECT_OK(Connect(second_));
  EXPECT_THAT(Look().controllers.front().serves, ElementsAre(1));
  EXPECT_THAT(Look().controllers.back().serves, IsEmpty());
  EXPECT_TRUE(Wait());
  EXPECT_FALSE(Wait());
  EXPECT_THAT(Look().controllers.back().serves, ElementsAre(1));
}

TEST_F(FakeKernelTest, GrowsADiskAtTheNextScan) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  EXPECT_TRUE(Wait());
  kernel_.Grow(target_.subsystem, 2 << 20);
  EXPECT_EQ(Look().namespaces.front().size_bytes, 1 << 20);
  kernel_.Announce(target_.subsystem);
  EXPECT_TRUE(Wait());
  EXPECT_EQ(Look().namespaces.front().size_bytes, 2 << 20);
}

TEST_F(FakeKernelTest, DeletesOnlyTheSubsystemsOwnController) {
  kernel_.Serve(target_);
  EXPECT_OK(Connect(first_));
  const std::string name = Look().controllers.front().name;
  EXPECT_OK(kernel_.Disconnect(*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:another"), name));
  EXPECT_THAT(Look().controllers, SizeIs(1));
  EXPECT_OK(kernel_.Disconnect(target_.subsystem, name));
  EXPECT_EQ(kernel_.Peek(target_.subsystem), std::nullopt);
}

TEST_F(FakeKernelTest, LetsAGateStopAnEffect) {
  kernel_.Serve(target_);
  kernel_.SetGate([](const std::string&) { return absl::InternalError("killed"); });
  EXPECT_THAT(Connect(first_), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(kernel_.Peek(target_.subsystem), std::nullopt);
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420"));
}

}  // namespace
}  // namespace nvmeof::testing
