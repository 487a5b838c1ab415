#include "base/backoff.h"

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

constexpr absl::Duration kFirst = absl::Seconds(4);
constexpr absl::Duration kLongest = absl::Seconds(30);

class BackoffTest : public ::testing::Test {
 protected:
  // From now until it is due again, in tenths of a second.
  absl::Duration Wait() const {
    absl::Duration wait;
    while (!backoff_.IsDue("a", now_ + wait)) wait += absl::Milliseconds(100);
    return wait;
  }
  static void ExpectAQuarterAround(absl::Duration wait, absl::Duration length) {
    EXPECT_GE(wait, length * 0.75);
    EXPECT_LE(wait, (length * 1.25) + absl::Milliseconds(100));
  }

  const absl::Time now_ = absl::UnixEpoch();
  Backoff backoff_{kFirst, kLongest, 1};
};

TEST_F(BackoffTest, WhatNeverFailedIsDue) { EXPECT_TRUE(backoff_.IsDue("a", now_)); }

TEST_F(BackoffTest, EachFailureDoublesTheWaitUpToTheLongest) {
  for (const int seconds : {4, 8, 16, 30, 30, 30}) {
    backoff_.Failed("a", now_);
    ExpectAQuarterAround(Wait(), absl::Seconds(seconds));
  }
}

TEST_F(BackoffTest, TheWaitIsNeverInStepWithOthers) {
  absl::Duration shortest = kLongest;
  absl::Duration longest;
  for (int i = 0; i < 200; ++i) {
    backoff_.Succeeded("a");
    backoff_.Failed("a", now_);
    ExpectAQuarterAround(Wait(), kFirst);
    shortest = std::min(shortest, Wait());
    longest = std::max(longest, Wait());
  }
  EXPECT_LT(shortest, kFirst * 0.85);
  EXPECT_GT(longest, kFirst * 1.15);
}

TEST_F(BackoffTest, SuccessBeginsAnew) {
  for (int i = 0; i < 4; ++i) backoff_.Failed("a", now_);
  backoff_.Succeeded("a");
  EXPECT_TRUE(backoff_.IsDue("a", now_));
  backoff_.Failed("a", now_);
  ExpectAQuarterAround(Wait(), kFirst);
}

TEST_F(BackoffTest, KeysAreForThemselves) {
  backoff_.Failed("a", now_);
  EXPECT_FALSE(backoff_.IsDue("a", now_));
  EXPECT_TRUE(backoff_.IsDue("b", now_));
}

TEST_F(BackoffTest, ForgetsAllButThoseThatAreKept) {
  for (const char* key : {"a", "b"}) backoff_.Failed(key, now_);
  backoff_.KeepOnly({"b", "c"});
  EXPECT_TRUE(backoff_.IsDue("a", now_));
  EXPECT_FALSE(backoff_.IsDue("b", now_));
}

}  // namespace
}  // namespace nvmeof::base
