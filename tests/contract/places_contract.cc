#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Not;

using backend::Volume;
using backend::VolumeList;
using volume::Provisioning;

TEST_P(PlacesContract, CallsOnAVolumeOfAPlaceThatIsDownNameThePlace) {
  const std::string down = places().front();
  const volume::VolumeId id = GivenAVolumeAt(down).id;
  TakeDown(down);
  const auto says_so = StatusIs(absl::StatusCode::kUnavailable, HasSubstr(down));
  EXPECT_THAT(backend().Get(id, Deadline()), says_so);
  EXPECT_THAT(backend().Delete(id, Deadline()), says_so);
  EXPECT_THAT(backend().Expand(id, {2 * unit(), 0}, Deadline()), says_so);
  EXPECT_THAT(ExportTo(id, "a"), says_so);
  EXPECT_THAT(backend().Unexport(id, Host("a"), Deadline()), says_so);
}

TEST_P(PlacesContract, APlaceThatComesBackHasItsVolumes) {
  const Volume volume = GivenAVolumeAt(places().front());
  TakeDown(places().front());
  BringAllUp();
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(PlacesContract, ListSaysWhatIsKnownAndWhatIsNot) {
  const Volume hidden = GivenAVolumeAt(places().front());
  const Volume known = GivenAVolumeAt(places().back());
  TakeDown(places().front());
  const VolumeList list = backend().List(Deadline()).value();
  EXPECT_THAT(list.volumes, Contains(known));
  EXPECT_THAT(list.volumes, Not(Contains(hidden)));
  EXPECT_THAT(list.unreachable, ElementsAre(places().front()));
}

TEST_P(PlacesContract, FindByNameKnowsWhatItCannotKnow) {
  const Volume known = GivenAVolumeAt(places().back());
  TakeDown(places().front());
  EXPECT_EQ(backend().FindByName(known.name, Deadline()).value(), known);
  EXPECT_THAT(backend().FindByName(Name("none"), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(places().front())));
}

TEST_P(PlacesContract, CreateGoesToAPlaceThatIsUp) {
  for (const std::string& down : places()) {
    TakeDown(down);
    EXPECT_NE(GivenAVolume(down).id.place, down);
    BringAllUp();
  }
}

TEST_P(PlacesContract, CapacityCountsPlacesThatAreUp) {
  const auto available = [&] { return backend().GetCapacity({}, Deadline())->available_bytes; };
  const std::int64_t all = available();
  TakeDown(places().front());
  EXPECT_THAT(available(), Lt(all));
}

TEST_P(PlacesContract, NothingIsKnownWhenAllPlacesAreDown) {
  TakeAllDown();
  const auto unavailable = StatusIs(absl::StatusCode::kUnavailable);
  EXPECT_THAT(Create(Request("nowhere")), unavailable);
  EXPECT_THAT(backend().FindByName(Name("nowhere"), Deadline()), unavailable);
  EXPECT_THAT(backend().List(Deadline()), unavailable);
  EXPECT_THAT(backend().GetCapacity({}, Deadline()), unavailable);
}

}  // namespace
}  // namespace nvmeof::testing
