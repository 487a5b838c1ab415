#include "target/room.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::kGiB;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TargetWorld;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A pool of 100 GiB with a reserve of 10 percent.
class RoomTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name, std::int64_t bytes, volume::Provisioning kind) {
    CreateRequest request;
    request.name = name;
    request.size.required_bytes = bytes;
    request.provisioning = kind;
    return world_.provisioner->Create(request)->Handle();
  }
  std::int64_t Available() const { return *world_.room->Available(); }

  TargetWorld world_;
};

TEST_F(RoomTest, ReserveIsNotGivenAway) {
  EXPECT_EQ(Available(), 90 * kGiB);
  EXPECT_THAT(world_.room->Reserve(90 * kGiB + 1), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_OK(world_.room->Reserve(90 * kGiB));
}

TEST_F(RoomTest, RefusalNamesBothNumbers) {
  EXPECT_THAT(world_.room->Reserve(200 * kGiB),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("214748364800"), HasSubstr("96636764160"))));
}

TEST_F(RoomTest, APoolThatTakesNothingHasNoRoomAndSaysWhy) {
  world_.pool.TakeNothing(absl::ResourceExhaustedError("its metadata is full"));
  EXPECT_EQ(Available(), 0);
  EXPECT_THAT(world_.room->Reserve(1),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("metadata")));
}

TEST_F(RoomTest, ReservationCountsWhileItLives) {
  {
    const absl::StatusOr<Reservation> reservation = world_.room->Reserve(60 * kGiB);
    ASSERT_OK(reservation);
    EXPECT_EQ(Available(), 30 * kGiB);
    EXPECT_THAT(world_.room->Reserve(40 * kGiB), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  EXPECT_EQ(Available(), 90 * kGiB);
}

TEST_F(RoomTest, ThickVolumeTakesItsSizeOnce) {
  Make("thick", 20 * kGiB, volume::Provisioning::kThick);
  EXPECT_EQ(Available(), 70 * kGiB);
}

TEST_F(RoomTest, BlocksThatAHostDiscardedStayPromisedToItsThickVolume) {
  const std::string handle = Make("thick", 20 * kGiB, volume::Provisioning::kThick);
  world_.pool.SetAllocated(handle, 1 * kGiB);
  EXPECT_EQ(Available(), 70 * kGiB);
}

TEST_F(RoomTest, ThinVolumeTakesWhatItsHostWrote) {
  const std::string handle = Make("thin", 20 * kGiB, volume::Provisioning::kThin);
  EXPECT_EQ(Available(), 90 * kGiB);
  world_.pool.SetAllocated(handle, 5 * kGiB);
  EXPECT_EQ(Available(), 85 * kGiB);
}

TEST_F(RoomTest, ThinVolumesTogetherMayExceedThePool) {
  Make("one", 80 * kGiB, volume::Provisioning::kThin);
  Make("two", 80 * kGiB, volume::Provisioning::kThin);
  EXPECT_EQ(Available(), 90 * kGiB);
}

TEST_F(RoomTest, CheckFailsWhereTheSmallestVolumeIsRefused) {
  const std::int64_t smallest = world_.pool.Rules().minimum_bytes;
  const std::string handle = Make("thin", 80 * kGiB, volume::Provisioning::kThin);
  world_.pool.SetAllocated(handle, 90 * kGiB - smallest);
  {
    const absl::StatusOr<Reservation> last = world_.room->Reserve(smallest);
    EXPECT_OK(last);
    EXPECT_OK(world_.room->Check());
  }
  world_.pool.SetAllocated(handle, 90 * kGiB - smallest + 1);
  EXPECT_FALSE(world_.room->Reserve(smallest).ok());
  EXPECT_THAT(world_.room->Check(), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(RoomTest, IsNeverNegative) {
  const std::string handle = Make("thin", 80 * kGiB, volume::Provisioning::kThin);
  world_.pool.SetAllocated(handle, 99 * kGiB);
  EXPECT_EQ(Available(), 0);
}

}  // namespace
}  // namespace nvmeof::target
