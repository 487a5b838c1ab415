#include "nvme/netlink_uevents.h"

#include <sys/socket.h>

#include <array>
#include <string>

#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::IsOkAndHolds;

// The subscription at one end of a pair of sockets, the kernel's part at the other.
class UeventSocketTest : public ::testing::Test {
 protected:
  UeventSocketTest() {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()), 0);
    kernel_ = base::UniqueFd(ends[0]);
    events_ = std::make_unique<UeventSocket>(base::UniqueFd(ends[1]), clock_);
  }

  void Send(const std::string& subsystem, const std::string& device) {
    const std::string message = "add@/devices/x" + std::string(1, '\0') + "SUBSYSTEM=" + subsystem +
                                std::string(1, '\0') + "DEVNAME=" + device + std::string(1, '\0');
    EXPECT_GT(::send(kernel_.get(), message.data(), message.size(), 0), 0);
  }

  absl::StatusOr<bool> Wait(absl::Duration time) { return events_->WaitUntil(clock_.Now() + time); }

  testing::FakeClock clock_;
  base::UniqueFd kernel_;
  std::unique_ptr<UeventSocket> events_;
};

TEST_F(UeventSocketTest, TellsOfAnEventThatCameBeforeTheWait) {
  Send("block", "nvme0n1");
  EXPECT_THAT(Wait(absl::Seconds(60)), IsOkAndHolds(true));
}

TEST_F(UeventSocketTest, TellsOfManyEventsOnce) {
  Send("nvme", "nvme0");
  Send("block", "nvme0n1");
  EXPECT_THAT(Wait(absl::Seconds(60)), IsOkAndHolds(true));
  EXPECT_THAT(Wait(absl::ZeroDuration()), IsOkAndHolds(false));
}

TEST_F(UeventSocketTest, KeepsQuietAboutOtherDevices) {
  Send("net", "eth0");
  Send("block", "sda");
  EXPECT_THAT(Wait(absl::ZeroDuration()), IsOkAndHolds(false));
}

TEST_F(UeventSocketTest, EmptiesTheQueueWhenTheDeadlineHasPassed) {
  Send("block", "nvme0n1");
  EXPECT_THAT(Wait(-absl::Seconds(1)), IsOkAndHolds(true));
  EXPECT_THAT(Wait(-absl::Seconds(1)), IsOkAndHolds(false));
}

TEST(NetlinkUeventsTest, SubscribesSeveralAtATime) {
  const testing::FakeClock clock;
  NetlinkUevents uevents(clock);
  const auto first = uevents.Subscribe();
  EXPECT_OK(first);
  EXPECT_OK(uevents.Subscribe());
}

}  // namespace
}  // namespace nvmeof::nvme
