// What FindByName, Get and List promise.

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

using backend::Volume;
using backend::VolumeList;

TEST_P(BackendContract, GetAnswersWhatCreateAnswered) {
  const Volume volume = GivenAVolume();
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(BackendContract, FindByNameAnswersWhatCreateAnswered) {
  const Volume volume = GivenAVolume();
  EXPECT_EQ(backend().FindByName(volume.name, Deadline()).value(), volume);
}

TEST_P(BackendContract, FindByNameFindsNothingByPartOfAName) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(backend().FindByName(volume.name.substr(1), Deadline()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, GetFindsNoAbsentVolume) {
  EXPECT_THAT(backend().Get(AbsentId(), Deadline()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, GetFindsNoVolumeOfAnUnknownPlace) {
  EXPECT_THAT(backend().Get(DisplacedId(), Deadline()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, GetFindsNoVolumeByAnotherHandle) {
  for (const char* handle :
       {"x", "..", "00000000000000000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}) {
    volume::VolumeId id = GivenAVolume(handle).id;
    id.handle = handle;
    EXPECT_THAT(backend().Get(id, Deadline()), StatusIs(absl::StatusCode::kNotFound)) << handle;
  }
}

TEST_P(BackendContract, ListHoldsEveryVolumeAsGetShowsIt) {
  const Volume plain = GivenAVolume("plain");
  const Volume exported = ExportTo(GivenAVolume("exported").id, "a").value();
  const VolumeList list = backend().List(Deadline()).value();
  EXPECT_THAT(list.volumes, IsSupersetOf({plain, exported}));
  EXPECT_THAT(list.unreachable, IsEmpty());
}

TEST_P(BackendContract, ListIsSortedById) {
  for (const char* name : {"a", "b", "c", "d", "e"}) GivenAVolume(name);
  const std::vector<Volume> volumes = backend().List(Deadline()).value().volumes;
  EXPECT_TRUE(std::is_sorted(volumes.begin(), volumes.end(),
                             [](const Volume& a, const Volume& b) { return a.id < b.id; }));
}

TEST_P(BackendContract, ListForgetsADeletedVolume) {
  const Volume volume = GivenAVolume();
  ASSERT_OK(backend().Delete(volume.id, Deadline()));
  EXPECT_THAT(backend().List(Deadline()).value().volumes, Not(Contains(volume)));
}

}  // namespace
}  // namespace nvmeof::testing
