// What Create promises.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/words.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;

using backend::CreateRequest;
using backend::SameWords;
using backend::Volume;

TEST_P(BackendContract, CreateKeepsWhatWasAsked) {
  const CreateRequest request = Request("keeps");
  const Volume volume = Create(request).value();
  EXPECT_TRUE(SameWords(volume.name, request.name)) << volume.name;
  EXPECT_EQ(volume.size_bytes, unit());
  EXPECT_TRUE(SameWords(volume.fingerprint, request.fingerprint)) << volume.fingerprint;
  EXPECT_FALSE(SameWords(volume.fingerprint, "other words"));
  EXPECT_THAT(volume.context, AnyOf(request.context, IsEmpty()));
  EXPECT_THAT(volume.exports, IsEmpty());
}

TEST_P(BackendContract, CreateAnswersAWholeTarget) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(volume.target.portals, Not(IsEmpty()));
  const bool ids = backend().abilities().namespace_ids;
  EXPECT_EQ(volume.target.identity.uuid.has_value(), ids);
  EXPECT_TRUE(ids || !volume.target.identity.nguid.has_value());
  EXPECT_TRUE(ids || volume.target.identity.nsid.has_value());
  EXPECT_EQ(volume.target.size_bytes, static_cast<std::uint64_t>(volume.size_bytes));
}

TEST_P(BackendContract, CreateAnswersAnIdThatCanBeReadAgain) {
  const Volume volume = GivenAVolume();
  const std::string text = volume::FormatVolumeId(volume.id);
  EXPECT_THAT(text.size(), Le(128u));
  EXPECT_THAT(volume::ParseVolumeId(text), IsOkAndHolds(volume.id));
}

TEST_P(BackendContract, CreateNeverReusesAnIdentity) {
  const Volume first = GivenAVolume();
  ASSERT_OK(backend().Delete(first.id, Deadline()));
  const Volume second = GivenAVolume();
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(first.target.subsystem != second.target.subsystem,
            backend().abilities().own_subsystems);
  if (!backend().abilities().namespace_ids) return;
  EXPECT_NE(first.target.identity.uuid, second.target.identity.uuid);
  if (!first.target.identity.nguid.has_value()) return;
  EXPECT_NE(first.target.identity.nguid, second.target.identity.nguid);
}

TEST_P(BackendContract, CreateRefusesATakenName) {
  const Volume volume = GivenAVolume();
  EXPECT_THAT(Create(Request("given")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Get(volume.id), volume);
}

TEST_P(BackendContract, CreateRefusesATakenNameOfAnotherSize) {
  GivenAVolume();
  CreateRequest other = Request("given");
  other.size = {.required_bytes = 2 * unit()};
  EXPECT_THAT(Create(other), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(BackendContract, CreateMakesOneVolumeForManyCallsAtOnce) {
  const auto answers = AtOnce(6, [&](int) { return Create(Request("race")).status(); });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), absl::OkStatus()), 1);
  for (const absl::Status& answer : answers) {
    EXPECT_THAT(answer, AnyOf(IsOk(), StatusIs(absl::StatusCode::kAlreadyExists),
                              StatusIs(absl::StatusCode::kAborted)));
  }
  const backend::VolumeList list = backend().List(Deadline()).value();
  EXPECT_EQ(
      std::count_if(list.volumes.begin(), list.volumes.end(),
                    [&](const Volume& volume) { return SameWords(volume.name, Name("race")); }),
      1);
}

TEST_P(BackendContract, CreateMakesManyVolumesAtOnce) {
  const auto answers =
      AtOnce(6, [&](int i) { return Create(Request(absl::StrCat("many-", i))).status(); });
  EXPECT_THAT(answers, ::testing::Each(IsOk()));
}

// Any Unicode but control characters is a name (CSI specification, "name").
TEST_P(BackendContract, CreateKeepsEveryName) {
  for (const absl::string_view name :
       {"名前", "Größe", "-rf ", ".", "../../up", "/", "a b\tc", "50%", "'\"\\`$(x)", "a,b=c",
        "\xF0\x9F\x90\x98", "{}", ""}) {
    const Volume volume = GivenAVolume(name);
    EXPECT_TRUE(SameWords(volume.name, Name(name))) << volume.name;
    EXPECT_EQ(backend().FindByName(Name(name), Deadline()).value(), volume);
  }
}

TEST_P(BackendContract, CreateKeepsNamesOf128Bytes) {
  for (const absl::string_view filling : {"n", "\xF0\x9F\x90\x98"}) {
    std::string text;
    while (Name(text).size() + filling.size() <= 128) absl::StrAppend(&text, filling);
    EXPECT_TRUE(SameWords(GivenAVolume(text).name, Name(text)));
    EXPECT_OK(backend().FindByName(Name(text), Deadline()));
  }
}

TEST_P(BackendContract, CreateTellsSimilarNamesApart) {
  // The last two look alike: one letter, and a letter with a combining mark.
  for (const absl::string_view name : {"pvc", "PVC", " pvc", "\xC3\xA9", "e\xCC\x81"}) {
    EXPECT_OK(Create(Request(name)));
  }
}

TEST_P(BackendContract, CreateMeetsTheRange) {
  for (const volume::SizeRange range :
       {volume::SizeRange{unit(), unit()}, volume::SizeRange{unit() - 1, unit()},
        volume::SizeRange{unit() + 1, 0}, volume::SizeRange{0, 2 * unit()}}) {
    CreateRequest request = Request(absl::StrCat(range.required_bytes, "-", range.limit_bytes));
    request.size = range;
    const Volume volume = Create(request).value();
    EXPECT_TRUE(volume::Fits(volume.size_bytes, range)) << volume.size_bytes;
  }
}

TEST_P(BackendContract, CreateHasASizeForThoseWhoNameNone) {
  CreateRequest request = Request("default");
  request.size = {};
  EXPECT_THAT(Create(request).value().size_bytes, Ge(1));
}

TEST_P(BackendContract, CreateRefusesSizesThatCanNeverBe) {
  for (const volume::SizeRange range :
       {volume::SizeRange{2 * unit(), unit()}, volume::SizeRange{1, 1},
        volume::SizeRange{std::int64_t{1} << 62, 0}}) {
    CreateRequest request = Request("never");
    request.size = range;
    EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kOutOfRange))
        << range.required_bytes << " " << range.limit_bytes;
  }
}

TEST_P(BackendContract, CreateMakesNothingWhenThereIsNoRoom) {
  if (TellsNoCapacity()) return;
  const auto capacity = backend().GetCapacity({}, Deadline()).value();
  CreateRequest request = Request("large");
  request.size = {.required_bytes = capacity.maximum_volume_bytes + unit()};
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(backend().FindByName(request.name, Deadline()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(BackendContract, CreateOffersAProvisioningOrRefusesIt) {
  for (const auto provisioning : {volume::Provisioning::kThin, volume::Provisioning::kThick}) {
    CreateRequest request = Request("provisioned");
    request.provisioning = provisioning;
    const auto volume = Create(request);
    ASSERT_THAT(volume, AnyOf(IsOk(), StatusIs(absl::StatusCode::kInvalidArgument)));
    if (volume.ok()) {
      EXPECT_OK(backend().Delete(volume->id, Deadline()));
    }
  }
}

}  // namespace
}  // namespace nvmeof::testing
