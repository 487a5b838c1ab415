// What holds while two controllers work on one storage system, as when one takes over from another
// that has not ended yet.

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "backend/words.h"
#include "tests/contract/backend_contract.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::IsEmpty;

using backend::Backend;
using backend::Export;
using backend::ExportMode;
using backend::SameWords;
using backend::Volume;

// What an orchestrator repeats.
bool IsToBeRepeated(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsUnavailable(status);
}

TEST_P(BackendContract, TwoControllersMakeOneVolumeOfAName) {
  const backend::CreateRequest request = Request("contested");
  const auto answers = AtOnce(6, [&](int i) {
    Backend& controller = i % 2 == 0 ? backend() : other_controller();
    return controller.Create(request, Deadline()).status();
  });
  EXPECT_LE(std::count(answers.begin(), answers.end(), absl::OkStatus()), 1);
  EXPECT_THAT(answers, Each(AnyOf(IsOk(), StatusIs(absl::StatusCode::kAlreadyExists),
                                  StatusIs(absl::StatusCode::kAborted),
                                  StatusIs(absl::StatusCode::kUnavailable))));
  // Nothing of the others stands in the way, and whoever asks next is told of this one.
  const absl::Status again = other_controller().Create(request, Deadline()).status();
  EXPECT_THAT(again, AnyOf(IsOk(), StatusIs(absl::StatusCode::kAlreadyExists)));
  EXPECT_OK(backend().FindByName(request.name, Deadline()));
  const backend::VolumeList list = backend().List(Deadline()).value();
  EXPECT_EQ(
      std::count_if(list.volumes.begin(), list.volumes.end(),
                    [&](const Volume& volume) { return SameWords(volume.name, request.name); }),
      1);
}

TEST_P(BackendContract, TwoControllersLetOneHostIn) {
  const volume::VolumeId id = GivenAVolume().id;
  for (int round = 0; round < 3; ++round) {
    const std::vector<Export> wanted = {{Host("a"), ExportMode::kSingleNode, "rw"},
                                        {Host("b"), ExportMode::kSingleNode, "rw"}};
    const auto answers = AtOnce(2, [&](int i) {
      Backend& controller = i == 0 ? backend() : other_controller();
      return controller.ExportTo(id, wanted[static_cast<std::size_t>(i)], Deadline()).status();
    });
    const Volume after = Get(id);
    EXPECT_LE(after.exports.size(), 1U) << "two hosts may write";
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_THAT(answers[i], AnyOf(IsOk(), StatusIs(absl::StatusCode::kFailedPrecondition),
                                    StatusIs(absl::StatusCode::kAborted),
                                    StatusIs(absl::StatusCode::kUnavailable)));
      if (!answers[i].ok()) continue;
      ASSERT_EQ(after.exports.size(), 1U);
      EXPECT_EQ(after.exports.front().host, wanted[i].host);
    }
    for (const Export& each : wanted) ASSERT_OK(backend().Unexport(id, each.host, Deadline()));
    EXPECT_THAT(Get(id).exports, IsEmpty());
  }
}

TEST_P(BackendContract, TwoControllersDeleteAVolume) {
  const Volume volume = GivenAVolume();
  const Volume stays = GivenAVolume("stays");
  const auto answers = AtOnce(2, [&](int i) {
    return (i == 0 ? backend() : other_controller()).Delete(volume.id, Deadline());
  });
  for (absl::Status answer : answers) {
    for (int i = 0; i < 3 && IsToBeRepeated(answer); ++i) {
      answer = other_controller().Delete(volume.id, Deadline());
    }
    EXPECT_THAT(answer, AnyOf(IsOk(), StatusIs(absl::StatusCode::kNotFound)));
  }
  EXPECT_THAT(backend().Get(volume.id, Deadline()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Get(stays.id), stays);
}

}  // namespace
}  // namespace nvmeof::testing
