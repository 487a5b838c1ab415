#include "base/clock.h"

#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"

namespace nvmeof::base {
namespace {

TEST(MonotonicClockTest, NeverGoesBack) {
  const MonotonicClock clock;
  const absl::Time first = clock.Now();
  EXPECT_GE(clock.Now(), first);
}

TEST(MonotonicClockTest, SleepsUntilTheTimeHasCome) {
  MonotonicClock clock;
  const absl::Time until = clock.Now() + absl::Milliseconds(2);
  clock.SleepUntil(until);
  EXPECT_GE(clock.Now(), until);
}

TEST(MonotonicClockTest, ReturnsAtOnceForATimeThatHasPassed) {
  MonotonicClock clock;
  clock.SleepUntil(absl::InfinitePast());
  clock.SleepUntil(clock.Now());
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  testing::FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3));
}

TEST(FakeClockTest, SleepMovesItForwardAndNeverBack) {
  testing::FakeClock clock;
  const absl::Time start = clock.Now();
  clock.SleepUntil(start + absl::Seconds(5));
  clock.SleepUntil(start);
  EXPECT_EQ(clock.Now(), start + absl::Seconds(5));
}

}  // namespace
}  // namespace nvmeof::base
