// The wall's clock jumps by hours, as it does when a node's time is set.
#include "absl/time/clock.h"

#include <ctime>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/csi_client.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

absl::Duration Uptime() { return Read(CLOCK_MONOTONIC); }

// absl::Now goes on from the old time for a while when the clock was set.
absl::Time WallTime() { return absl::UnixEpoch() + Read(CLOCK_REALTIME); }

class ClockJump : public FaultTest {
 protected:
  void TearDown() override {
    SetClock(start_ + (Uptime() - uptime_));
    FaultTest::TearDown();
  }
  static void SetClock(absl::Time time) {
    const timespec set = absl::ToTimespec(time);
    ASSERT_EQ(::clock_settime(CLOCK_REALTIME, &set), 0);
  }
  static void Jump(absl::Duration by) { SetClock(WallTime() + by); }

 private:
  const absl::Time start_ = WallTime();
  const absl::Duration uptime_ = Uptime();
};

TEST_F(ClockJump, CallsAndRepairsGoOnAfterJumpsForwardAndBack) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  for (const absl::Duration jump : {absl::Hours(5), -absl::Hours(9)}) {
    SCOPED_TRACE(absl::FormatDuration(jump));
    absl::Status staged;
    const absl::Duration start = Uptime();
    std::thread stage([&] { staged = volume.Stage(); });
    absl::SleepFor(absl::Milliseconds(100));
    Jump(jump);
    stage.join();
    EXPECT_LT(Uptime() - start, absl::Seconds(60));
    EXPECT_OK(staged) << "a deadline of the wall's clock was kept";
    EXPECT_OK(volume.Stage());
    EXPECT_OK(volume.Publish());

    Writer writer(volume.data_path(), kRegion);
    writer.Start();
    Jump(-2 * jump);
    EXPECT_TRUE(Eventually(kPatience, [&] { return writer.written() > 50; }));
    EXPECT_OK(writer.Stop());
    EXPECT_OK(writer.Verify(volume.data_path()));

    // The reconciler ticks on.
    ASSERT_OK(lab().network().Refuse(0));
    EXPECT_TRUE(IsLive(volume, 1));
    ASSERT_OK(lab().network().Heal());
    EXPECT_TRUE(IsLive(volume, 2));
    DeleteAllPaths();
    EXPECT_TRUE(IsLive(volume, 2)) << "nobody reconciles";
    Jump(jump);
    EXPECT_OK(volume.Unpublish());
    EXPECT_OK(volume.Unstage());
  }
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

// The controller's patience with an agent ends by gRPC's timers.
TEST_F(ClockJump, SilentStorageSystemIsGivenUpInTimeAfterAJumpBack) {
  lab().target().Pause();
  absl::Status asked;
  std::thread ask([&] {
    asked = CallRpc(lab().controller_client().controller(), &csi::v1::Controller::Stub::GetCapacity,
                    csi::v1::GetCapacityRequest())
                .status();
  });
  absl::SleepFor(absl::Seconds(1));
  Jump(-absl::Hours(2));
  ask.join();
  EXPECT_THAT(asked, StatusIs(absl::StatusCode::kUnavailable))
      << "it was asked until the caller had no time left";
  lab().target().Resume();
}

}  // namespace
}  // namespace nvmeof::testing
