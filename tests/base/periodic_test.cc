#include "base/periodic.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

TEST(PeriodicTest, DoesItAgainAndAgain) {
  std::atomic<int> times = 0;
  absl::Notification third;
  const Periodic periodic(absl::ZeroDuration(), [&] {
    if (++times == 3) third.Notify();
  });
  third.WaitForNotification();
}

TEST(PeriodicTest, EndsDuringALongPause) {
  absl::Notification first;
  {
    const Periodic periodic(absl::Hours(1), [&] { first.Notify(); });
  }
  EXPECT_TRUE(first.HasBeenNotified());
}

}  // namespace
}  // namespace nvmeof::base
