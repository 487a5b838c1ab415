#include "node/connect_scheduler.h"

#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::node {
namespace {

using ::nvmeof::testing::StatusIs;

class ConnectSchedulerTest : public ::testing::Test {
 protected:
  nvme::ConnectRequest Request() {
    return {
        *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1"), {{"tcp", "192.0.2.1", "4420"}, {}}, {}};
  }

  testing::FakeClock clock_;
  testing::FakeKernel kernel_{clock_};
  ConnectScheduler scheduler_{kernel_, clock_};
};

TEST_F(ConnectSchedulerTest, OneConnectIsInTheKernelAtATime) {
  absl::Notification entered;
  absl::Notification release;
  kernel_.SetGate([&](const std::string&) {
    entered.Notify();
    release.WaitForNotification();
    return absl::UnavailableError("done");
  });
  std::thread first([&] {
    EXPECT_THAT(scheduler_.Connect(Request(), clock_.Now() + absl::Hours(1)),
                StatusIs(absl::StatusCode::kUnavailable));
  });
  entered.WaitForNotification();
  EXPECT_THAT(scheduler_.Connect(Request(), clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(kernel_.Count("connect"), 1);
  release.Notify();
  first.join();
}

TEST_F(ConnectSchedulerTest, TheTurnEndsWithTheConnect) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(scheduler_.Connect(Request(), clock_.Now() + absl::Hours(1)),
                StatusIs(absl::StatusCode::kUnavailable));  // no such target
  }
  EXPECT_EQ(kernel_.Count("connect"), 3);
}

}  // namespace
}  // namespace nvmeof::node
