#include "target/upkeep.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::HostNqn;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::TargetWorld;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UpkeepTest : public ::testing::Test {
 protected:
  UpkeepTest() {
    world_.exporter->Restore();
    EXPECT_OK(
        world_.exporter->Export(handle_, {HostNqn("a"), ExportMode::kSingleNode, "rw", false}));
  }
  absl::Duration DoAfter(absl::Duration time) { return upkeep_.Do(start_ + time); }

  TargetWorld world_;
  const std::string handle_ = world_.AddVolume();
  const absl::Time start_ = absl::UnixEpoch();
  Upkeep upkeep_{*world_.exporter, start_};
};

TEST_F(UpkeepTest, LooksOnceAMinuteForWhatTheKernelLost) {
  world_.configfs.Reboot();
  EXPECT_EQ(DoAfter(absl::Seconds(58)), absl::Seconds(2));
  EXPECT_THAT(world_.configfs.List("subsystems"), IsOkAndHolds(IsEmpty()));
  DoAfter(absl::Seconds(60));
  EXPECT_THAT(world_.configfs.List("subsystems"), IsOkAndHolds(SizeIs(1)));
  world_.configfs.Reboot();
  DoAfter(absl::Seconds(118));
  EXPECT_THAT(world_.configfs.List("subsystems"), IsOkAndHolds(IsEmpty()));
  DoAfter(absl::Seconds(120));
  EXPECT_THAT(world_.configfs.List("subsystems"), IsOkAndHolds(SizeIs(1)));
}

TEST_F(UpkeepTest, TriesWhatIsMissingAgainLessAndLessOften) {
  world_.configfs.LoseBacking(world_.pool.Path(handle_));
  world_.configfs.Reboot();
  world_.exporter->Restore();
  EXPECT_EQ(DoAfter(absl::Seconds(2)), absl::Seconds(4));
  EXPECT_EQ(DoAfter(absl::Seconds(6)), absl::Seconds(8));
  for (int i = 0; i < 5; ++i) DoAfter(absl::Seconds(10));
  EXPECT_EQ(DoAfter(absl::Seconds(10)), absl::Minutes(1));
}

}  // namespace
}  // namespace nvmeof::target
