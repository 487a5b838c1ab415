#include "base/watched_status.h"

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::StatusIs;

TEST(WatchedStatusTest, AnswersWhileTheCheckTakesItsTime) {
  absl::Notification answer;
  const WatchedStatus watched(absl::ZeroDuration(), [&answer] {
    answer.WaitForNotification();
    return absl::OkStatus();
  });
  EXPECT_THAT(watched.Latest(), StatusIs(absl::StatusCode::kUnavailable));
  answer.Notify();
}

TEST(WatchedStatusTest, KeepsTheLatestAnswer) {
  int checks = 0;
  absl::Notification third;
  const WatchedStatus watched(absl::ZeroDuration(), [&]() -> absl::Status {
    if (++checks == 3) third.Notify();
    if (checks == 1) return absl::OkStatus();
    return absl::NotFoundError("gone");
  });
  third.WaitForNotification();  // the second answer is kept
  EXPECT_THAT(watched.Latest(), StatusIs(absl::StatusCode::kNotFound, "gone"));
}

}  // namespace
}  // namespace nvmeof::base
