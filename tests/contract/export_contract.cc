// What ExportTo and Unexport promise.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/words.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using backend::Export;
using backend::ExportMode;
using backend::Volume;

constexpr ExportMode kSingle = ExportMode::kSingleNode;
constexpr ExportMode kMulti = ExportMode::kMultiNode;

TEST_P(BackendContract, ExportKeepsWhatWasAsked) {
  const Volume volume = GivenAVolume();
  for (const ExportMode mode : Modes()) {
    const Export wanted{Host("a"), mode, "rw, größer \"quoted\"\\"};
    const Volume exported = backend().ExportTo(volume.id, wanted, Deadline()).value();
    ASSERT_THAT(exported.exports, SizeIs(1));
    EXPECT_EQ(exported.exports[0].host, wanted.host);
    EXPECT_EQ(exported.exports[0].mode, wanted.mode);
    EXPECT_TRUE(backend::SameWords(exported.exports[0].fingerprint, wanted.fingerprint));
    EXPECT_EQ(exported, Get(volume.id));
    ASSERT_OK(backend().Unexport(volume.id, Host("a"), Deadline()));
  }
}

TEST_P(BackendContract, ExportChangesNothingElse) {
  const Volume volume = GivenAVolume();
  Volume exported = ExportTo(volume.id, "a").value();
  exported.exports.clear();
  EXPECT_EQ(exported, volume);
}

TEST_P(BackendContract, ExportTakesAHostOf222Bytes) {
  const Volume volume = GivenAVolume();
  const std::string longest(223 - Host("h").text().size(), 'h');
  EXPECT_THAT(ExportTo(volume.id, longest).value().exports, SizeIs(1));
  EXPECT_OK(backend().Unexport(volume.id, Host(longest), Deadline()));
}

TEST_P(BackendContract, ExportRefusesAHostThatIsInAlready) {
  const volume::VolumeId id = GivenAVolume().id;
  ASSERT_OK(ExportTo(id, "a", kSingle));
  EXPECT_THAT(ExportTo(id, "a", kSingle), StatusIs(absl::StatusCode::kAlreadyExists));
  if (!backend().abilities().several_hosts) return;
  EXPECT_THAT(ExportTo(id, "a", kMulti), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(BackendContract, ExportRefusesASecondHostUnlessBothShare) {
  const volume::VolumeId id = GivenAVolume().id;
  std::vector<std::pair<ExportMode, ExportMode>> pairs = {{kSingle, kSingle}};
  if (backend().abilities().several_hosts)
    pairs.insert(pairs.end(), {{kSingle, kMulti}, {kMulti, kSingle}});
  for (const auto& [first, second] : pairs) {
    ASSERT_OK(ExportTo(id, "first", first));
    EXPECT_THAT(ExportTo(id, "second", second),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Host("first").text())));
    ASSERT_OK(backend().Unexport(id, Host("first"), Deadline()));
  }
}

TEST_P(BackendContract, ExportLetsHostsShare) {
  if (LetsOneHostIn()) return;
  const volume::VolumeId id = GivenAVolume().id;
  ASSERT_OK(ExportTo(id, "a", kMulti));
  ASSERT_OK(ExportTo(id, "b", kMulti));
  EXPECT_THAT(Get(id).exports, SizeIs(2));
}

TEST_P(BackendContract, ExportLetsOneOfManyHostsIn) {
  const volume::VolumeId id = GivenAVolume().id;
  const auto answers =
      AtOnce(4, [&](int i) { return ExportTo(id, absl::StrCat("host-", i)).status(); });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), absl::OkStatus()), 1);
  EXPECT_THAT(answers, Each(AnyOf(IsOk(), StatusIs(absl::StatusCode::kFailedPrecondition),
                                  StatusIs(absl::StatusCode::kAborted))));
  EXPECT_THAT(Get(id).exports, SizeIs(1));
}

TEST_P(BackendContract, ExportFindsNoAbsentVolume) {
  EXPECT_THAT(ExportTo(AbsentId(), "a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ExportTo(DisplacedId(), "a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, UnexportTakesTheHostOut) {
  const volume::VolumeId id = GivenAVolume().id;
  ASSERT_OK(ExportTo(id, "a"));
  EXPECT_OK(backend().Unexport(id, Host("a"), Deadline()));
  EXPECT_THAT(Get(id).exports, IsEmpty());
  EXPECT_OK(ExportTo(id, "b"));
}

TEST_P(BackendContract, UnexportMayBeRepeated) {
  const volume::VolumeId id = GivenAVolume().id;
  ASSERT_OK(ExportTo(id, "a"));
  EXPECT_OK(backend().Unexport(id, Host("a"), Deadline()));
  EXPECT_OK(backend().Unexport(id, Host("a"), Deadline()));
  EXPECT_OK(backend().Unexport(id, Host("never-in"), Deadline()));
}

TEST_P(BackendContract, UnexportLeavesOtherHostsIn) {
  if (LetsOneHostIn()) return;
  const volume::VolumeId id = GivenAVolume().id;
  ASSERT_OK(ExportTo(id, "a", kMulti));
  ASSERT_OK(ExportTo(id, "b", kMulti));
  EXPECT_OK(backend().Unexport(id, Host("a"), Deadline()));
  EXPECT_THAT(Get(id).exports, ElementsAre(::testing::Field(&Export::host, Host("b"))));
}

TEST_P(BackendContract, UnexportFindsNoAbsentVolume) {
  EXPECT_THAT(backend().Unexport(AbsentId(), Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, UnexportDoesNotVouchForAnUnknownPlace) {
  EXPECT_THAT(backend().Unexport(DisplacedId(), Host("a"), Deadline()),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace nvmeof::testing
