#include "base/workers.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "base/claims.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::StatusIs;

class WorkersTest : public ::testing::Test {
 protected:
  absl::Time Later() const { return clock_.Now() + absl::Seconds(60); }
  absl::Time Already() const { return clock_.Now(); }

  // Starts a step that ends when `release_` is notified, and leaves it behind.
  void LeaveStuckStep(Workers& workers) {
    EXPECT_THAT(workers.RunUntil(Already(),
                                 [this] {
                                   release_.WaitForNotification();
                                   return absl::OkStatus();
                                 }),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }

  testing::FakeClock clock_;
  absl::Notification release_;
};

TEST_F(WorkersTest, ReturnsTheResultOfTheStep) {
  Workers workers(clock_, 1);
  EXPECT_THAT(workers.RunUntil(Later(), [] { return absl::OkStatus(); }), IsOk());
  EXPECT_THAT(workers.RunUntil(Later(), [] { return absl::AbortedError("taken"); }),
              StatusIs(absl::StatusCode::kAborted, "taken"));
}

TEST_F(WorkersTest, WaitsWithoutEndForAnInfiniteDeadline) {
  Workers workers(clock_, 1);
  EXPECT_THAT(workers.RunUntil(absl::InfiniteFuture(), [] { return absl::OkStatus(); }), IsOk());
}

TEST_F(WorkersTest, RunsTheStepOnAnotherThread) {
  Workers workers(clock_, 1);
  std::thread::id runner;
  ASSERT_OK(workers.RunUntil(Later(), [&runner] {
    runner = std::this_thread::get_id();
    return absl::OkStatus();
  }));
  EXPECT_NE(runner, std::this_thread::get_id());
}

TEST_F(WorkersTest, OneWorkerServesCallAfterCall) {
  Workers workers(clock_, 1);
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(workers.RunUntil(Later(), [] { return absl::OkStatus(); }));
  }
}

TEST_F(WorkersTest, LeavesAtTheDeadlineWhileTheStepGoesOn) {
  absl::Notification ended;
  Workers workers(clock_, 1);
  EXPECT_THAT(workers.RunUntil(Already(),
                               [&] {
                                 release_.WaitForNotification();
                                 ended.Notify();
                                 return absl::OkStatus();
                               }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(ended.HasBeenNotified());
  release_.Notify();
  ended.WaitForNotification();
}

TEST_F(WorkersTest, RefusesWhenAllAreBusyAndStartsNothing) {
  Workers workers(clock_, 2);
  LeaveStuckStep(workers);
  LeaveStuckStep(workers);
  bool started = false;
  EXPECT_THAT(workers.RunUntil(Later(),
                               [&started] {
                                 started = true;
                                 return absl::OkStatus();
                               }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(started);
  release_.Notify();
}

TEST_F(WorkersTest, AStuckStepDoesNotHinderAnother) {
  Workers workers(clock_, 2);
  LeaveStuckStep(workers);
  EXPECT_THAT(workers.RunUntil(Later(), [] { return absl::OkStatus(); }), IsOk());
  release_.Notify();
}

TEST_F(WorkersTest, AStepThatWasLeftKeepsItsClaimUntilItsEnd) {
  Claims claims;
  {
    Workers workers(clock_, 1);
    EXPECT_THAT(workers.RunUntil(Already(),
                                 [this, claim = claims.TryTake("vol-1")] {
                                   release_.WaitForNotification();
                                   return absl::OkStatus();
                                 }),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_FALSE(claims.TryTake("vol-1").has_value());
    release_.Notify();
  }
  EXPECT_TRUE(claims.TryTake("vol-1").has_value());
}

TEST_F(WorkersTest, TheClaimIsFreeWhenTheCallerHearsTheResult) {
  Claims claims;
  Workers workers(clock_, 1);
  for (int i = 0; i < 200; ++i) {
    std::optional<Claim> claim = claims.TryTake("vol-1");
    ASSERT_TRUE(claim.has_value());
    ASSERT_OK(workers.RunUntil(Later(), [claim = std::move(claim)] { return absl::OkStatus(); }));
  }
}

TEST_F(WorkersTest, DestructionWaitsForTheRunningStep) {
  bool ended = false;
  {
    Workers workers(clock_, 1);
    EXPECT_THAT(workers.RunUntil(Already(),
                                 [&] {
                                   release_.WaitForNotification();
                                   ended = true;
                                   return absl::OkStatus();
                                 }),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    release_.Notify();
  }
  EXPECT_TRUE(ended);
}

TEST_F(WorkersTest, ServesSeveralCallersAtOnce) {
  Workers workers(clock_, 4);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        EXPECT_THAT(workers.RunUntil(Later(), [] { return absl::OkStatus(); }), IsOk());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_F(WorkersTest, RunsStepsTogetherAndJoinsTheirErrors) {
  Workers workers(clock_, 2);
  absl::Notification second_runs;
  std::vector<absl::AnyInvocable<absl::Status()>> steps;
  steps.emplace_back([&] {
    second_runs.WaitForNotification();  // would hang if the steps ran one after the other
    return absl::AbortedError("first");
  });
  steps.emplace_back([&] {
    second_runs.Notify();
    return absl::InternalError("second");
  });
  EXPECT_THAT(workers.RunTogether(Later(), std::move(steps)),
              StatusIs(absl::StatusCode::kAborted, "first; second"));
}

TEST_F(WorkersTest, RunsStepsItselfWhenNoWorkerIsFree) {
  Workers workers(clock_, 1);
  LeaveStuckStep(workers);
  int ran = 0;
  std::vector<absl::AnyInvocable<absl::Status()>> steps;
  for (int i = 0; i < 3; ++i) {
    steps.emplace_back([&ran] {
      ++ran;
      return absl::OkStatus();
    });
  }
  EXPECT_OK(workers.RunTogether(Later(), std::move(steps)));
  EXPECT_EQ(ran, 3);
  release_.Notify();
}

// Many calls at once, each with several steps, must not lock the next call out.
TEST_F(WorkersTest, KeepsAQuarterForCalls) {
  Workers workers(clock_, 4);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(workers.RunUntil(Already(),
                                 [this] {
                                   release_.WaitForNotification();
                                   return absl::OkStatus();
                                 }),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_THAT(workers.Start([] { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  std::vector<absl::AnyInvocable<absl::Status()>> steps;
  for (int i = 0; i < 2; ++i) {
    steps.emplace_back([caller = std::this_thread::get_id()] {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      return absl::OkStatus();
    });
  }
  EXPECT_OK(workers.RunTogether(Later(), std::move(steps)));
  EXPECT_OK(workers.RunUntil(Later(), [] { return absl::OkStatus(); }));
  release_.Notify();
}

TEST_F(WorkersTest, FinishWaitsForStepsAndRefusesLaterOnes) {
  Workers workers(clock_, 2);
  bool ended = false;
  EXPECT_THAT(workers.RunUntil(Already(),
                               [this, &ended] {
                                 release_.WaitForNotification();
                                 ended = true;
                                 return absl::OkStatus();
                               }),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  release_.Notify();
  workers.Finish();
  EXPECT_TRUE(ended);
  EXPECT_THAT(workers.RunUntil(Later(), [] { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(WorkersTest, StartWaitsForNothing) {
  absl::Notification ran;
  Workers workers(clock_, 1);
  ASSERT_OK(workers.Start([&] {
    release_.WaitForNotification();
    ran.Notify();
    return absl::InternalError("which nobody hears");
  }));
  EXPECT_FALSE(ran.HasBeenNotified());
  release_.Notify();
  ran.WaitForNotification();
}

TEST_F(WorkersTest, StartRefusesWhenAllAreBusyAndStartsNothing) {
  Claims claims;
  Workers workers(clock_, 1);
  LeaveStuckStep(workers);
  bool started = false;
  EXPECT_THAT(workers.Start([&started, claim = claims.TryTake("vol-1")] {
    started = true;
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(claims.TryTake("vol-1").has_value());
  release_.Notify();
  workers.Finish();
  EXPECT_FALSE(started);
}

TEST_F(WorkersTest, FinishWaitsForWhatWasStarted) {
  Workers workers(clock_, 2);
  bool ended = false;
  ASSERT_OK(workers.Start([this, &ended] {
    release_.WaitForNotification();
    ended = true;
    return absl::OkStatus();
  }));
  release_.Notify();
  workers.Finish();
  EXPECT_TRUE(ended);
  EXPECT_THAT(workers.Start([] { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace nvmeof::base
