#include "target/lvm_pool.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/units.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_lvm.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::base::kGiB;
using ::nvmeof::base::kMiB;
using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::FakeLvm;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using volume::Provisioning;

class LvmPoolTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<LvmPool>> Open() {
    return LvmPool::Open({.volume_group = "vg", .name = "thin"}, lvm_, clock_);
  }
  // Of what follows.
  std::vector<std::string> Changes() const {
    std::vector<std::string> changes = lvm_.changes();
    changes.erase(changes.begin());  // the activation of the pool
    return changes;
  }
  static base::CommandResult Failed(const std::string& complaint) {
    return {.exit_code = 5, .output = "  " + complaint + "\n"};
  }

  FakeLvm lvm_{10 * kGiB};
  FakeClock clock_;
};

TEST_F(LvmPoolTest, MakesAThinVolumeThatIsMarkedAsOurs) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 64 * kMiB, Provisioning::kThin));
  EXPECT_THAT(Changes(),
              ElementsAre("lvcreate --yes --wipesignatures n --setactivationskip n --type thin "
                          "--virtualsize 67108864b --name nvmeof-a --addtag nvmeof-csi --thinpool "
                          "thin vg"));
  EXPECT_EQ(lvm_.volumes().at("nvmeof-a").bytes, 64 * kMiB);
  EXPECT_EQ(pool->Path("a"), "/dev/vg/nvmeof-a");
}

TEST_F(LvmPoolTest, HasNoThickVolumes) {
  const auto pool = *Open();
  EXPECT_THAT(pool->Create("a", 64 * kMiB, Provisioning::kThick),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("thick")));
  ASSERT_OK(pool->Create("b", 64 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Grow("b", 128 * kMiB, Provisioning::kThick),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LvmPoolTest, TakenHandleIsRefused) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 64 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Create("a", 64 * kMiB, Provisioning::kThin),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(LvmPoolTest, SizesAreWholeExtents) {
  const auto pool = *Open();
  EXPECT_EQ(pool->Rules().granularity_bytes, FakeLvm::kExtent);
  EXPECT_EQ(pool->Rules().minimum_bytes, FakeLvm::kExtent);
}

TEST_F(LvmPoolTest, GrowsAndAnswersTheSizeThatLvmShows) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 64 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Grow("a", 128 * kMiB, Provisioning::kThin), IsOkAndHolds(128 * kMiB));
  EXPECT_THAT(Changes().back(), Eq("lvextend --yes --size 134217728b vg/nvmeof-a"));
}

TEST_F(LvmPoolTest, NeverShrinks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 64 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Grow("a", 64 * kMiB, Provisioning::kThin), IsOkAndHolds(64 * kMiB));
  EXPECT_THAT(pool->Grow("a", 32 * kMiB, Provisioning::kThin), IsOkAndHolds(64 * kMiB));
  EXPECT_THAT(Changes(), ElementsAre(HasSubstr("lvcreate")));
}

TEST_F(LvmPoolTest, RemovesAlsoWhatIsGone) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 64 * kMiB, Provisioning::kThin));
  EXPECT_OK(pool->Remove("a"));
  EXPECT_OK(pool->Remove("a"));
  EXPECT_THAT(Changes(), ElementsAre(HasSubstr("lvcreate"), "lvremove --yes vg/nvmeof-a"));
}

TEST_F(LvmPoolTest, AbsentVolumeIsNotFound) {
  const auto pool = *Open();
  EXPECT_THAT(pool->Grow("a", kMiB, Provisioning::kThin), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(pool->AllocatedBytes("a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LvmPoolTest, ForeignVolumesAreNeverTouched) {
  lvm_.SetVolume("nvmeof-untagged", {.bytes = 64 * kMiB, .tags = ""});
  lvm_.SetVolume("nvmeof-elsewhere", {.bytes = 64 * kMiB, .pool = "other"});
  lvm_.SetVolume("data", {.bytes = 64 * kMiB, .active = false});
  const auto pool = *Open();
  for (const char* handle : {"untagged", "elsewhere"}) {
    EXPECT_THAT(pool->Remove(handle),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none of ours")));
    EXPECT_THAT(pool->Grow(handle, kGiB, Provisioning::kThin),
                StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_THAT(pool->Handles(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(LvmPoolTest, ListsItsVolumes) {
  lvm_.SetVolume("nvmeof-b", {.bytes = 64 * kMiB});
  lvm_.SetVolume("nvmeof-a", {.bytes = 64 * kMiB});
  EXPECT_THAT((*Open())->Handles(), IsOkAndHolds(ElementsAre("a", "b")));
}

TEST_F(LvmPoolTest, CountsWhatHostsWrote) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", kGiB, Provisioning::kThin));
  EXPECT_THAT(pool->Space(),
              IsOkAndHolds(AllOf(::testing::Field(&PoolSpace::total_bytes, 10 * kGiB),
                                 ::testing::Field(&PoolSpace::free_bytes, 10 * kGiB))));
  lvm_.SetVolume("nvmeof-a", {.bytes = kGiB, .used = kGiB / 2});
  EXPECT_NEAR(static_cast<double>(*pool->AllocatedBytes("a")), 0.5 * kGiB, kMiB);
  EXPECT_NEAR(static_cast<double>(pool->Space()->free_bytes), 9.5 * kGiB, kMiB);
}

TEST_F(LvmPoolTest, APoolWhoseMetadataFillsUpTakesNothing) {
  const auto pool = *Open();
  lvm_.SetPool({.bytes = 10 * kGiB, .metadata_percent = "80.00"});
  EXPECT_OK(pool->Space());
  lvm_.SetPool({.bytes = 10 * kGiB, .metadata_percent = "80.01"});
  EXPECT_THAT(pool->Space(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("metadata")));
}

TEST_F(LvmPoolTest, AnUnhealthyPoolTakesNothing) {
  const auto pool = *Open();
  lvm_.SetPool({.bytes = 10 * kGiB, .health = "out_of_data"});
  EXPECT_THAT(pool->Space(), StatusIs(absl::StatusCode::kResourceExhausted,
                                      AllOf(HasSubstr("vg/thin"), HasSubstr("out_of_data"))));
}

TEST_F(LvmPoolTest, OpenActivatesThePoolAndItsVolumes) {
  lvm_.SetPool({.bytes = kGiB, .active = false});
  lvm_.SetVolume("nvmeof-a", {.bytes = 64 * kMiB, .active = false});
  lvm_.SetVolume("nvmeof-b", {.bytes = 64 * kMiB});
  ASSERT_OK(Open());
  EXPECT_THAT(lvm_.changes(),
              ElementsAre("lvchange --activate y vg/thin",
                          "lvchange --activate y --ignoreactivationskip vg/nvmeof-a"));
  EXPECT_TRUE(lvm_.volumes().at("nvmeof-a").active);
}

TEST_F(LvmPoolTest, OpenRefusesAPoolThatShowsWhatOthersWrote) {
  lvm_.SetPool({.bytes = kGiB, .zero = ""});
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--zero y")));
}

TEST_F(LvmPoolTest, BusyIsAborted) {
  const auto pool = *Open();
  lvm_.SetVolume("nvmeof-a", {.bytes = 64 * kMiB, .open = true});
  EXPECT_THAT(pool->Remove("a"), StatusIs(absl::StatusCode::kAborted, HasSubstr("in use")));
  lvm_.AnswerNext("lvs", Failed("Can't get lock for vg.\n  Cannot process volume group vg"));
  EXPECT_THAT(pool->Space(), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(LvmPoolTest, AVolumeGroupThatIsGoneIsNotAVolumeThatIsGone) {
  const auto pool = *Open();
  lvm_.SetVolume("nvmeof-a", {.bytes = 64 * kMiB});
  lvm_.AnswerNext("lvs", Failed("Volume group \"vg\" not found\n  Cannot process volume group vg"));
  EXPECT_THAT(pool->Remove("a"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LvmPoolTest, LvmThatIsMissingIsNotAVolumeThatIsMissing) {
  const auto pool = *Open();
  lvm_.SetVolume("nvmeof-a", {.bytes = 64 * kMiB});
  lvm_.AnswerNext("lvs", absl::NotFoundError("run lvs: No such file or directory"));
  EXPECT_THAT(pool->Remove("a"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lvm2")));
}

TEST_F(LvmPoolTest, LvmThatHangsIsUnavailable) {
  const auto pool = *Open();
  lvm_.AnswerNext("lvcreate", absl::DeadlineExceededError("killed"));
  EXPECT_THAT(pool->Create("a", 64 * kMiB, Provisioning::kThin),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("LVM does not answer")));
}

TEST_F(LvmPoolTest, NobodyWaitsLongForTheLookOfAnother) {
  const auto pool = *Open();
  absl::Notification looks;
  absl::Notification go_on;
  lvm_.OnRun([&] {
    looks.Notify();
    go_on.WaitForNotification();
  });
  std::thread first([&] { EXPECT_OK(pool->Space()); });
  looks.WaitForNotification();
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(pool->Space(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("LVM does not answer")));
  go_on.Notify();
  first.join();
  lvm_.OnRun({});
  EXPECT_OK(pool->Space());
}

TEST_F(LvmPoolTest, LvmsOwnRefusalForWantOfRoomIsResourceExhausted) {
  const auto pool = *Open();
  lvm_.AnswerNext("lvcreate",
                  Failed("WARNING: Thin pool vg/thin is out of data space.\n  Cannot create new "
                         "thin volume, free space in thin pool vg/thin reached threshold."));
  EXPECT_THAT(pool->Create("a", 64 * kMiB, Provisioning::kThin),
              StatusIs(absl::StatusCode::kResourceExhausted, Not(HasSubstr("WARNING"))));
}

}  // namespace
}  // namespace nvmeof::target
