#include "node/connect_scheduler.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/matchers/status_matchers.h"
#include "tests/node/connects.h"

namespace nvmeof::node {
namespace {

using ::nvmeof::testing::kFirst;
using ::nvmeof::testing::kFurther;
using ::nvmeof::testing::kRepair;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::SubsystemCalled;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A subsystem's name is its portal's address, so that the kernel's log tells who came.
nvme::ConnectRequest Request(const std::string& name) {
  return {SubsystemCalled(name), {{"tcp", name, "4420"}, {}}, {}};
}

class ConnectSchedulerTest : public ::testing::Test {
 protected:
  ~ConnectSchedulerTest() override { LetGo(); }

  // Connects "busy" on a thread of its own, where the kernel holds it until LetGo.
  void HoldTheKernel() {
    kernel_.SetGate([this](const std::string& effect) {
      if (effect == "connect busy:4420") {
        entered_.Notify();
        release_.WaitForNotification();
      }
      return absl::OkStatus();
    });
    Start("busy", kFirst);
    entered_.WaitForNotification();
  }
  void LetGo() {
    if (!release_.HasBeenNotified()) release_.Notify();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Connects on a thread of its own; returns when it waits or has begun.
  void Start(const std::string& name, ConnectPriority priority,
             absl::Duration budget = absl::Hours(1)) {
    const int before = Waiting(priority);
    const bool idle = !scheduler_.Look().running.has_value();
    const absl::Time deadline = clock_.Now() + budget;
    threads_.emplace_back([=, this] {
      absl::Status status = scheduler_.Connect(Request(name), priority, deadline);
      const absl::MutexLock lock(&mutex_);
      results_[name] = std::move(status);
    });
    while (!idle && Waiting(priority) == before) std::this_thread::yield();
  }

  int Waiting(ConnectPriority priority) const { return scheduler_.Look().of(priority).waiting; }
  absl::Status Result(const std::string& name) {
    const absl::MutexLock lock(&mutex_);
    return results_.at(name);
  }
  void AwaitResult(const std::string& name) {
    const absl::MutexLock lock(&mutex_);
    const auto came = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return results_.contains(name); };
    mutex_.Await(absl::Condition(&came));
  }

  testing::FakeClock clock_;
  testing::FakeKernel kernel_{clock_};
  ConnectScheduler scheduler_{kernel_, clock_};

  absl::Notification entered_;
  absl::Notification release_;
  absl::Mutex mutex_;
  std::map<std::string, absl::Status> results_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

TEST_F(ConnectSchedulerTest, ConnectsAtOnceWhenNobodyElseDoes) {
  kernel_.Serve({SubsystemCalled("192.0.2.1"), {}, {{"tcp", "192.0.2.1", "4420"}}, 1});
  const absl::Time deadline = clock_.Now() + absl::Hours(1);
  EXPECT_OK(scheduler_.Connect(Request("192.0.2.1"), kRepair, deadline));
  EXPECT_THAT(scheduler_.Connect(Request("192.0.2.1"), kFirst, deadline),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(kernel_.Count("connect"), 2);
}

TEST_F(ConnectSchedulerTest, TheTurnEndsWithAConnectThatFails) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(scheduler_.Connect(Request("absent"), kFirst, clock_.Now() + absl::Hours(1)),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(kernel_.Count("connect"), 3);
}

TEST_F(ConnectSchedulerTest, OneIsInTheKernelAtATimeAndTheOthersComeInTheQueuesOrder) {
  HoldTheKernel();
  Start("r1", kRepair);
  Start("f1", kFurther);
  Start("v1", kFirst);
  Start("v2", kFirst);
  EXPECT_EQ(kernel_.Count("connect"), 1);
  LetGo();
  EXPECT_THAT(kernel_.log(), ElementsAre("connect busy:4420", "connect v1:4420", "connect v2:4420",
                                         "connect f1:4420", "connect r1:4420"));
}

TEST_F(ConnectSchedulerTest, AHangingConnectDoesNotHoldAWaiterBeyondItsDeadline) {
  HoldTheKernel();
  clock_.Advance(absl::Seconds(3));
  Start("v1", kFirst);
  EXPECT_THAT(scheduler_.Connect(Request("v2"), kFirst, clock_.Now() + absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr("nqn.2026-01.dev.nvmeof:busy at busy:4420"),
                             HasSubstr("since 3s"))));
  EXPECT_EQ(Waiting(kFirst), 1);
  LetGo();
  EXPECT_THAT(kernel_.log(), ElementsAre("connect busy:4420", "connect v1:4420"));
}

TEST_F(ConnectSchedulerTest, BeginsNothingAfterTheDeadline) {
  EXPECT_THAT(scheduler_.Connect(Request("v1"), kFirst, clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(kernel_.Count("connect"), 0);
}

TEST_F(ConnectSchedulerTest, APauseEndsTheWaitingConnectsOfTheSubsystem) {
  HoldTheKernel();
  Start("v1", kFirst);
  Start("v2", kFirst);
  const auto pause = scheduler_.PauseFor(SubsystemCalled("v1"), clock_.Now());
  EXPECT_NE(pause, nullptr);
  AwaitResult("v1");
  EXPECT_THAT(Result("v1"), StatusIs(absl::StatusCode::kCancelled));
  LetGo();
  EXPECT_THAT(kernel_.log(), ElementsAre("connect busy:4420", "connect v2:4420"));
}

TEST_F(ConnectSchedulerTest, NoConnectBeginsDuringAPauseOfItsSubsystem) {
  auto pause = scheduler_.PauseFor(SubsystemCalled("v1"), clock_.Now());
  const absl::Time deadline = clock_.Now() + absl::Hours(1);
  EXPECT_THAT(scheduler_.Connect(Request("v1"), kFirst, deadline),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(kernel_.Count("connect"), 0);
  pause.reset();
  EXPECT_THAT(scheduler_.Connect(Request("v1"), kFirst, deadline),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(kernel_.Count("connect"), 1);
}

TEST_F(ConnectSchedulerTest, APauseWaitsForTheConnectThatHasBegun) {
  HoldTheKernel();
  EXPECT_EQ(scheduler_.PauseFor(SubsystemCalled("busy"), clock_.Now()), nullptr);
  std::unique_ptr<ConnectScheduler::Pause> pause;
  std::thread waiter(
      [&] { pause = scheduler_.PauseFor(SubsystemCalled("busy"), clock_.Now() + absl::Hours(1)); });
  LetGo();
  waiter.join();
  EXPECT_NE(pause, nullptr);
  EXPECT_FALSE(scheduler_.Look().running.has_value());
}

TEST_F(ConnectSchedulerTest, AsksAtTheTurnWhetherThePathIsStillWanted) {
  EXPECT_THAT(scheduler_.Connect(Request("v1"), kRepair, clock_.Now() + absl::Hours(1),
                                 [] { return false; }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(kernel_.Count("connect"), 0);
  EXPECT_EQ(scheduler_.Look().of(kRepair).cancelled, 1);
}

TEST_F(ConnectSchedulerTest, ShowsWhatRunsWhatWaitsAndWhatBecameOfTheOthers) {
  HoldTheKernel();
  const absl::Time began = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  Start("f1", kFurther);
  Start("f2", kFurther);
  Start("r1", kRepair);
  const ConnectScheduler::Snapshot held = scheduler_.Look();
  ASSERT_TRUE(held.running.has_value());
  EXPECT_EQ(held.running->subsystem, SubsystemCalled("busy"));
  EXPECT_EQ(held.running->path, Request("busy").path);
  EXPECT_EQ(held.running->priority, kFirst);
  EXPECT_EQ(held.running->since, began);
  EXPECT_EQ(held.of(kFirst).waiting, 0);
  EXPECT_EQ(held.of(kFurther).waiting, 2);
  EXPECT_EQ(held.of(kRepair).waiting, 1);

  EXPECT_NE(scheduler_.PauseFor(SubsystemCalled("f1"), clock_.Now()), nullptr);
  EXPECT_THAT(scheduler_.Connect(Request("r2"), kRepair, clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  kernel_.Serve({SubsystemCalled("f2"), {}, {{"tcp", "f2", "4420"}}, 1});
  LetGo();
  const ConnectScheduler::Snapshot rest = scheduler_.Look();
  EXPECT_FALSE(rest.running.has_value());
  EXPECT_EQ(rest.of(kFirst).failed, 1);
  EXPECT_EQ(rest.of(kFurther).cancelled, 1);
  EXPECT_EQ(rest.of(kFurther).connected, 1);
  EXPECT_EQ(rest.of(kRepair).failed, 1);
  EXPECT_EQ(rest.of(kRepair).expired, 1);
  EXPECT_EQ(rest.of(kFurther).waiting + rest.of(kRepair).waiting, 0);
}

TEST_F(ConnectSchedulerTest, ManyMayWait) {
  HoldTheKernel();
  for (int i = 0; i < 200; ++i) Start(absl::StrCat("v", i), kFirst);
  LetGo();
  EXPECT_EQ(scheduler_.Look().of(kFirst).failed, 201);
}

}  // namespace
}  // namespace nvmeof::node
