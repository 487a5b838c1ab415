// What Expand, Delete and GetCapacity promise: what becomes of a volume's bytes.

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Le;

using backend::Capacity;
using backend::CreateRequest;
using backend::Volume;
using volume::Provisioning;
using volume::SizeRange;

TEST_P(BackendContract, ExpandGrowsToExactlyTheSizeAsked) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(backend().Expand(volume.id, {2 * unit(), 2 * unit()}, Deadline()),
              IsOkAndHolds(2 * unit()));
  const Volume grown = Get(volume.id);
  EXPECT_EQ(grown.size_bytes, 2 * unit());
  EXPECT_EQ(grown.target.size_bytes, static_cast<std::uint64_t>(2 * unit()));
}

TEST_P(BackendContract, ExpandChangesNothingElse) {
  const Volume volume = GivenAVolume();
  ASSERT_OK(backend().Expand(volume.id, {2 * unit(), 0}, Deadline()));
  Volume grown = Get(volume.id);
  grown.size_bytes = volume.size_bytes;
  grown.target.size_bytes = volume.target.size_bytes;
  EXPECT_EQ(grown, volume);
}

TEST_P(BackendContract, ExpandGrowsWhatIsExported) {
  const Volume volume = GivenAVolume();
  ASSERT_OK(ExportTo(volume.id, "a"));
  EXPECT_THAT(backend().Expand(volume.id, {2 * unit(), 0}, Deadline()), IsOkAndHolds(2 * unit()));
}

TEST_P(BackendContract, ExpandLeavesWhatIsLargeEnough) {
  const Volume volume = GivenAVolume();
  for (const SizeRange range : {SizeRange{unit(), unit()}, SizeRange{unit() / 2, 0},
                                SizeRange{unit() / 2, 2 * unit()}, SizeRange{1, unit()}}) {
    EXPECT_THAT(backend().Expand(volume.id, range, Deadline()), IsOkAndHolds(unit()));
  }
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(BackendContract, ExpandRefusesSizesThatCanNeverBe) {
  const Volume volume = GivenAVolume();
  for (const SizeRange range :
       {SizeRange{unit() / 2, unit() / 2}, SizeRange{4 * unit(), 2 * unit()},
        SizeRange{std::int64_t{1} << 62, 0}}) {
    EXPECT_THAT(backend().Expand(volume.id, range, Deadline()),
                StatusIs(absl::StatusCode::kOutOfRange))
        << range.required_bytes << " " << range.limit_bytes;
  }
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(BackendContract, ExpandChangesNothingWhenThereIsNoRoom) {
  if (TellsNoCapacity()) return;
  const Volume volume = GivenAVolume();
  const Capacity capacity = backend().GetCapacity({}, Deadline()).value();
  const std::int64_t too_large = unit() + capacity.maximum_volume_bytes + unit();
  EXPECT_THAT(backend().Expand(volume.id, {too_large, 0}, Deadline()),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(BackendContract, ExpandFindsNoAbsentVolume) {
  EXPECT_THAT(backend().Expand(AbsentId(), {unit(), 0}, Deadline()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(backend().Expand(DisplacedId(), {unit(), 0}, Deadline()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, DeleteRemovesTheVolumeAndFreesItsName) {
  const Volume volume = GivenAVolume();
  EXPECT_OK(backend().Delete(volume.id, Deadline()));
  EXPECT_THAT(backend().Get(volume.id, Deadline()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(backend().FindByName(volume.name, Deadline()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(Create(Request("given")));
}

TEST_P(BackendContract, DeleteRefusesWhatIsExported) {
  const Volume volume = GivenAVolume();
  ASSERT_OK(ExportTo(volume.id, "a"));
  EXPECT_THAT(backend().Delete(volume.id, Deadline()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Host("a").text())));
  ASSERT_OK(backend().Unexport(volume.id, Host("a"), Deadline()));
  EXPECT_OK(backend().Delete(volume.id, Deadline()));
}

TEST_P(BackendContract, DeleteFindsNoAbsentVolume) {
  EXPECT_THAT(backend().Delete(AbsentId(), Deadline()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, DeleteDoesNotVouchForAnUnknownPlace) {
  EXPECT_THAT(backend().Delete(DisplacedId(), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_P(BackendContract, CapacityHoldsTheLargestVolume) {
  if (TellsNoCapacity()) return;
  const Capacity capacity = backend().GetCapacity({}, Deadline()).value();
  EXPECT_THAT(capacity.maximum_volume_bytes, Le(capacity.available_bytes));
  EXPECT_THAT(capacity.minimum_volume_bytes, Le(capacity.maximum_volume_bytes));
}

TEST_P(BackendContract, CapacityNamesASmallestVolumeThatCanBeMade) {
  if (TellsNoCapacity()) return;
  const std::int64_t minimum = backend().GetCapacity({}, Deadline())->minimum_volume_bytes;
  CreateRequest request = Request("smallest");
  request.size = {minimum, minimum};
  EXPECT_OK(Create(request));
}

// Half a unit is left to the storage system's own bookkeeping.
TEST_P(BackendContract, CapacityFollowsWhatThickVolumesTake) {
  if (TellsNoCapacity()) return;
  const auto available = [&] {
    return backend().GetCapacity({Provisioning::kThick}, Deadline()).value().available_bytes;
  };
  const std::int64_t before = available();
  CreateRequest request = Request("thick");
  request.provisioning = Provisioning::kThick;
  const auto volume = Create(request);
  if (absl::IsInvalidArgument(volume.status())) return;  // it has thin ones only
  EXPECT_THAT(available(), Le(before - unit() / 2));
  ASSERT_OK(backend().Delete(volume->id, Deadline()));
  EXPECT_TRUE(Becomes([&] { return available() > before - unit() / 2; }));
}

}  // namespace
}  // namespace nvmeof::testing
