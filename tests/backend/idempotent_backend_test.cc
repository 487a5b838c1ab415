#include "backend/idempotent_backend.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/units.h"
#include "tests/fakes/memory_backend.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::base::kMiB;
using ::nvmeof::testing::MemoryBackend;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNever = absl::InfiniteFuture();

volume::Nqn Host(absl::string_view name) {
  return *volume::Nqn::Parse(absl::StrCat("nqn.2014-08.org.example:", name));
}

CreateRequest Request() {
  return {.name = "pvc-1",
          .size = {.required_bytes = 8 * kMiB, .limit_bytes = 16 * kMiB},
          .fingerprint = "ext4",
          .context = {{"minPaths", "2"}}};
}

Export Wanted() { return {Host("a"), ExportMode::kSingleNode, "rw"}; }

class IdempotentBackendTest : public ::testing::Test {
 protected:
  volume::VolumeId GivenAVolume() { return memory_.Create(Request(), kNever)->id; }

  MemoryBackend memory_;
  IdempotentBackend backend_{memory_};
};

TEST_F(IdempotentBackendTest, CreatesOnceAndAnswersTheSameVolumeAgain) {
  const auto first = backend_.CreateOrGet(Request(), kNever);
  ASSERT_OK(first);
  EXPECT_EQ(*backend_.CreateOrGet(Request(), kNever), *first);
}

TEST_F(IdempotentBackendTest, FindsTheVolumeOfACreateWhoseAnswerWasLost) {
  memory_.FailAfterEffect(1, absl::UnavailableError("cut"));
  EXPECT_THAT(backend_.CreateOrGet(Request(), kNever), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(backend_.CreateOrGet(Request(), kNever));
  EXPECT_EQ(memory_.List(kNever)->volumes.size(), 1u);
}

TEST_F(IdempotentBackendTest, AnswersAVolumeThatFitsAnotherRange) {
  const volume::VolumeId id = GivenAVolume();
  CreateRequest other = Request();
  other.size = {.required_bytes = 4 * kMiB};
  EXPECT_EQ(backend_.CreateOrGet(other, kNever)->id, id);
}

TEST_F(IdempotentBackendTest, RefusesATakenNameWhoseVolumeIsOutOfReach) {
  MemoryBackend memory({.reachable_from = {{"zone", "a"}}});
  IdempotentBackend backend(memory);
  ASSERT_OK(backend.CreateOrGet(Request(), kNever));
  CreateRequest other = Request();
  other.accessibility.requisite = {{{"zone", "a"}}, {{"zone", "b"}}};
  EXPECT_OK(backend.CreateOrGet(other, kNever));
  other.accessibility.requisite = {{{"zone", "b"}}, {{"zone", "c"}}};
  EXPECT_THAT(backend.CreateOrGet(other, kNever),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr("{zone=a}"), HasSubstr("{zone=b} or {zone=c}"))));
}

TEST_F(IdempotentBackendTest, RefusesATakenNameWithWhatDiffers) {
  GivenAVolume();
  CreateRequest other = Request();
  other.size = {.required_bytes = 32 * kMiB};
  other.fingerprint = "xfs";
  EXPECT_THAT(
      backend_.CreateOrGet(other, kNever),
      StatusIs(absl::StatusCode::kAlreadyExists, AllOf(HasSubstr("8388608"), HasSubstr("33554432"),
                                                       HasSubstr("ext4"), HasSubstr("xfs"))));
}

TEST_F(IdempotentBackendTest, RefusesATakenNameOfAnotherFingerprint) {
  GivenAVolume();
  CreateRequest other = Request();
  other.fingerprint = "xfs";
  EXPECT_THAT(backend_.CreateOrGet(other, kNever), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(IdempotentBackendTest, AbortsWhenTheVolumeGoesAwayBetweenTheLooks) {
  memory_.FailAfterEffect(1, absl::AlreadyExistsError("taken"));
  memory_.SetRoom("place-a", 0);
  memory_.SetRoom("place-b", 0);
  EXPECT_THAT(backend_.CreateOrGet(Request(), kNever), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(IdempotentBackendTest, PassesOtherErrorsOfCreateOn) {
  CreateRequest request = Request();
  request.size.required_bytes = std::int64_t{1} << 62;
  request.size.limit_bytes = 0;
  EXPECT_THAT(backend_.CreateOrGet(request, kNever), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(IdempotentBackendTest, DeletesTwice) {
  const volume::VolumeId id = GivenAVolume();
  EXPECT_OK(backend_.Delete(id, kNever));
  EXPECT_OK(backend_.Delete(id, kNever));
}

TEST_F(IdempotentBackendTest, RefusesToDeleteWhatIsExported) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, Wanted(), kNever));
  EXPECT_THAT(backend_.Delete(id, kNever), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(IdempotentBackendTest, ExportsOnceAndAnswersTheSameAgain) {
  const volume::VolumeId id = GivenAVolume();
  const auto first = backend_.ExportOrGet(id, Wanted(), kNever);
  ASSERT_OK(first);
  EXPECT_EQ(*backend_.ExportOrGet(id, Wanted(), kNever), *first);
}

TEST_F(IdempotentBackendTest, RefusesAnotherExportToTheSameHost) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, Wanted(), kNever));
  Export other = Wanted();
  other.fingerprint = "ro";
  EXPECT_THAT(backend_.ExportOrGet(id, other, kNever),
              StatusIs(absl::StatusCode::kAlreadyExists, AllOf(HasSubstr("rw"), HasSubstr("ro"))));
}

TEST_F(IdempotentBackendTest, RefusesAnotherModeToTheSameHost) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, Wanted(), kNever));
  Export other = Wanted();
  other.mode = ExportMode::kMultiNode;
  EXPECT_THAT(backend_.ExportOrGet(id, other, kNever), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(IdempotentBackendTest, AbortsWhenTheExportGoesAwayBetweenTheLooks) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, {Host("b"), ExportMode::kSingleNode, ""}, kNever));
  memory_.FailAfterEffect(1, absl::AlreadyExistsError("exported"));
  EXPECT_THAT(backend_.ExportOrGet(id, Wanted(), kNever), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(IdempotentBackendTest, UnexportsTwiceAndFromNothing) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, Wanted(), kNever));
  EXPECT_OK(backend_.Unexport(id, Host("a"), kNever));
  EXPECT_OK(backend_.Unexport(id, Host("a"), kNever));
  ASSERT_OK(backend_.Delete(id, kNever));
  EXPECT_OK(backend_.Unexport(id, Host("a"), kNever));
}

TEST_F(IdempotentBackendTest, UnexportsFromAllHosts) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, {Host("a"), ExportMode::kMultiNode, ""}, kNever));
  ASSERT_OK(backend_.ExportOrGet(id, {Host("b"), ExportMode::kMultiNode, ""}, kNever));
  EXPECT_OK(backend_.UnexportFromAll(id, kNever));
  EXPECT_THAT(memory_.Get(id, kNever)->exports, IsEmpty());
}

TEST_F(IdempotentBackendTest, UnexportsFromTheOtherHostsWhenOneFails) {
  const volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.ExportOrGet(id, {Host("a"), ExportMode::kMultiNode, ""}, kNever));
  ASSERT_OK(backend_.ExportOrGet(id, {Host("b"), ExportMode::kMultiNode, ""}, kNever));
  memory_.FailAfterEffect(2, absl::UnavailableError("cut"));
  EXPECT_THAT(backend_.UnexportFromAll(id, kNever), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(memory_.Get(id, kNever)->exports, IsEmpty());
}

TEST_F(IdempotentBackendTest, UnexportsAnAbsentVolumeFromAllHosts) {
  volume::VolumeId id = GivenAVolume();
  ASSERT_OK(backend_.Delete(id, kNever));
  EXPECT_OK(backend_.UnexportFromAll(id, kNever));
}

TEST_F(IdempotentBackendTest, NeverReportsAsFencedWhatItCannotAsk) {
  volume::VolumeId id = GivenAVolume();
  id.place = "removed-from-the-file";
  EXPECT_THAT(backend_.Unexport(id, Host("a"), kNever), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(backend_.UnexportFromAll(id, kNever), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(backend_.Delete(id, kNever), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace nvmeof::backend
