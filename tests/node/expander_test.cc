#include "node/expander.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kTwoGiB = std::int64_t{2} << 30;

class ExpanderTest : public NodeWorld {
 protected:
  // The scans that the connects caused: after them the kernel looks only when it is told to.
  void FinishScans() {
    const auto events = kernel_.Subscribe();
    while (*(*events)->WaitUntil(clock_.Now() + absl::Seconds(1))) {
    }
  }
  void GrowAtTheBackend() { kernel_.Grow(target_.subsystem, kTwoGiB); }
};

TEST_F(ExpanderTest, WaitsForTheKernelAndGrowsTheFileSystem) {
  ASSERT_OK(Stage(FileSystem()));
  GrowAtTheBackend();
  kernel_.OnWait([this] { kernel_.Announce(target_.subsystem); });
  EXPECT_THAT(Expand(kTwoGiB), IsOkAndHolds(kTwoGiB));
  EXPECT_EQ(file_systems_.FileSystemSize(Disk().number), kTwoGiB);
  EXPECT_EQ(kernel_.Count("rescan"), 0);
}

TEST_F(ExpanderTest, AnotherVolumeIsNeverGrown) {
  ASSERT_OK(Stage(FileSystem()));
  GrowAtTheBackend();
  kernel_.Announce(target_.subsystem);
  ReplaceNamespaceAfterLook(1);
  EXPECT_THAT(Expand(kTwoGiB), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        ::testing::HasSubstr("WrongIdentity")));
  EXPECT_EQ(file_systems_.grows(), 0);
}

TEST_F(ExpanderTest, AsksTheKernelToLookWhenTheNoticeWasLost) {
  ASSERT_OK(Stage(Block()));
  FinishScans();
  GrowAtTheBackend();
  EXPECT_THAT(Expand(kTwoGiB), IsOkAndHolds(kTwoGiB));
  EXPECT_GT(kernel_.Count("rescan"), 0);
}

TEST_F(ExpanderTest, ADiskThatStaysSmallIsAnError) {
  ASSERT_OK(Stage(Block()));
  EXPECT_THAT(Expand(kTwoGiB), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ExpanderTest, AlreadyLargeEnoughIsOk) {
  ASSERT_OK(Stage(FileSystem()));
  EXPECT_OK(Expand(std::int64_t{1} << 30));
  EXPECT_EQ(file_systems_.grows(), 0);
}

TEST_F(ExpanderTest, WithoutARangeItFollowsTheDisk) {
  ASSERT_OK(Stage(FileSystem()));
  GrowAtTheBackend();
  kernel_.Announce(target_.subsystem);
  EXPECT_THAT(Expand(0), IsOkAndHolds(kTwoGiB));
}

TEST_F(ExpanderTest, AVolumeThatIsNotHereOrNotThereIsNotFound) {
  EXPECT_THAT(Expand(1), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(Stage(Block()));
  EXPECT_THAT(Expand(1, "/elsewhere"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::testing
