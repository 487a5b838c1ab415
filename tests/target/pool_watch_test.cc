#include "target/pool_watch.h"

#include <string>

#include "absl/algorithm/container.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/units.h"
#include "target/lvm_pool.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_lvm.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::FakeLvm;
using ::nvmeof::testing::kGiB;
using ::nvmeof::testing::TargetWorld;
using ::testing::AllOf;
using ::testing::HasSubstr;

// 10 percent are the reserve.
class PoolWatchTest : public ::testing::Test {
 protected:
  // What it says.
  std::string Look() {
    ::testing::internal::CaptureStderr();
    watch_.Look();
    return ::testing::internal::GetCapturedStderr();
  }

  FakeLvm lvm_{10 * kGiB};
  FakeClock clock_;
  const std::unique_ptr<LvmPool> pool_ =
      *LvmPool::Open({.volume_group = "vg", .name = "thin"}, lvm_, clock_);
  TargetWorld world_{pool_.get()};
  PoolWatch watch_{*world_.room};
};

TEST_F(PoolWatchTest, HasNothingToSayOfAPoolThatIsWell) {
  EXPECT_EQ(Look(), "");
  EXPECT_EQ(Look(), "");
}

TEST_F(PoolWatchTest, SaysOnceThatMetadataIsOverTheThresholdAndOnceThatItIsNotAnyMore) {
  lvm_.SetPool({.bytes = 10 * kGiB, .metadata_percent = "80.00"});
  EXPECT_EQ(Look(), "");
  lvm_.SetPool({.bytes = 10 * kGiB, .metadata_percent = "80.01"});
  EXPECT_THAT(Look(), AllOf(HasSubstr("WARN"), HasSubstr("pool takes no volumes"),
                            HasSubstr("of its metadata is used")));
  EXPECT_EQ(Look(), "");
  lvm_.SetPool({.bytes = 10 * kGiB, .metadata_percent = "79.00"});
  EXPECT_THAT(Look(), AllOf(HasSubstr("INFO"), HasSubstr("pool takes volumes again")));
  EXPECT_EQ(Look(), "");
}

TEST_F(PoolWatchTest, SaysThatThePoolIsNotWell) {
  lvm_.SetPool({.bytes = 10 * kGiB, .health = "out_of_data"});
  EXPECT_THAT(Look(), AllOf(HasSubstr("WARN"), HasSubstr("out_of_data")));
}

TEST_F(PoolWatchTest, SaysThatDataHasReachedTheReserve) {
  lvm_.SetVolume("nvmeof-a", {.bytes = 10 * kGiB, .used = 8 * kGiB});
  EXPECT_EQ(Look(), "");
  lvm_.SetVolume("nvmeof-a", {.bytes = 10 * kGiB, .used = 9 * kGiB});
  EXPECT_THAT(Look(), AllOf(HasSubstr("WARN"), HasSubstr("reserve of 10 percent")));
  EXPECT_FALSE(world_.room->Reserve(pool_->Rules().minimum_bytes).ok());
}

TEST_F(PoolWatchTest, SaysThatLvmDoesNotAnswerButNotThatItIsBusy) {
  lvm_.AnswerNext("lvs",
                  base::CommandResult{.exit_code = 5, .output = "  Can't get lock for vg\n"});
  EXPECT_EQ(Look(), "");
  lvm_.AnswerNext("lvs", absl::DeadlineExceededError("killed"));
  EXPECT_THAT(Look(), AllOf(HasSubstr("WARN"), HasSubstr("LVM does not answer")));
}

}  // namespace
}  // namespace nvmeof::target
