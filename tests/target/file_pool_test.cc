#include "target/file_pool.h"

#include <filesystem>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/units.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::base::kMiB;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Lt;
using volume::Provisioning;

class FilePoolTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<FilePool>> Open() {
    return FilePool::Open(directory_.path(), [](const std::string&) { return absl::OkStatus(); });
  }
  std::vector<std::string> Images() const {
    return *base::ListDirectory(directory_.File("images"));
  }

  TemporaryDirectory directory_;
};

TEST_F(FilePoolTest, RefusedFolderIsNotTouched) {
  const auto refuse = [](const std::string&) { return absl::FailedPreconditionError("no"); };
  EXPECT_THAT(FilePool::Open(directory_.path(), refuse),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(base::ListDirectory(directory_.path()), IsOkAndHolds(IsEmpty()));
}

TEST_F(FilePoolTest, AbsentFolderIsNotFound) {
  EXPECT_THAT(
      FilePool::Open(directory_.File("absent"), [](const auto&) { return absl::OkStatus(); }),
      StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FilePoolTest, SecondOwnerIsRefusedUntilTheFirstIsGone) {
  {
    const auto pool = *Open();
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_OK(Open());
}

TEST_F(FilePoolTest, ThinVolumeHasItsSizeAndFewBlocks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 8 * kMiB, Provisioning::kThin));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 8U * kMiB);
  EXPECT_THAT(pool->AllocatedBytes("a"), IsOkAndHolds(Lt(kMiB)));
}

TEST_F(FilePoolTest, ThickVolumeHasAllItsBlocks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 8 * kMiB, Provisioning::kThick));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 8U * kMiB);
  EXPECT_THAT(pool->AllocatedBytes("a"), IsOkAndHolds(Ge(8 * kMiB)));
}

TEST_F(FilePoolTest, VolumeIsNotMadeTwice) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 8 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Create("a", kMiB, Provisioning::kThin),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 8U * kMiB);
  EXPECT_THAT(Images(), ElementsAre("a.img"));
}

TEST_F(FilePoolTest, FailedCreateLeavesNothing) {
  const auto pool = *Open();
  EXPECT_FALSE(pool->Create("a", -1, Provisioning::kThin).ok());
  EXPECT_FALSE(
      pool->Create("a", std::numeric_limits<std::int64_t>::max(), Provisioning::kThick).ok());
  EXPECT_THAT(Images(), IsEmpty());
}

TEST_F(FilePoolTest, OpenRemovesUnfinishedVolumesAndKeepsOthers) {
  ASSERT_OK((*Open())->Create("a", kMiB, Provisioning::kThin));
  ASSERT_OK(base::WriteFileAtomically(directory_.File("images/b.img.new"), "half"));
  ASSERT_OK(Open());
  EXPECT_THAT(Images(), ElementsAre("a.img"));
}

TEST_F(FilePoolTest, GrowsThinWithoutBlocks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Grow("a", 8 * kMiB, Provisioning::kThin), IsOkAndHolds(8 * kMiB));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 8U * kMiB);
  EXPECT_THAT(pool->AllocatedBytes("a"), IsOkAndHolds(Lt(kMiB)));
}

TEST_F(FilePoolTest, GrowsThickWithBlocks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", kMiB, Provisioning::kThick));
  EXPECT_THAT(pool->Grow("a", 8 * kMiB, Provisioning::kThick), IsOkAndHolds(8 * kMiB));
  EXPECT_THAT(pool->AllocatedBytes("a"), IsOkAndHolds(Ge(8 * kMiB)));
}

TEST_F(FilePoolTest, NeverShrinks) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", 8 * kMiB, Provisioning::kThin));
  EXPECT_THAT(pool->Grow("a", kMiB, Provisioning::kThin), IsOkAndHolds(8 * kMiB));
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 8U * kMiB);
}

TEST_F(FilePoolTest, FailedGrowLeavesTheVolumeAsItWas) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", kMiB, Provisioning::kThick));
  EXPECT_FALSE(
      pool->Grow("a", std::numeric_limits<std::int64_t>::max(), Provisioning::kThick).ok());
  EXPECT_EQ(std::filesystem::file_size(pool->Path("a")), 1U * kMiB);
}

TEST_F(FilePoolTest, RemovesAlsoWhatIsGone) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("a", kMiB, Provisioning::kThin));
  EXPECT_OK(pool->Remove("a"));
  EXPECT_OK(pool->Remove("a"));
  EXPECT_THAT(Images(), IsEmpty());
}

TEST_F(FilePoolTest, AbsentVolumeIsNotFound) {
  const auto pool = *Open();
  EXPECT_THAT(pool->Grow("a", kMiB, Provisioning::kThin), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(pool->AllocatedBytes("a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FilePoolTest, ListsItsVolumes) {
  const auto pool = *Open();
  ASSERT_OK(pool->Create("b", kMiB, Provisioning::kThin));
  ASSERT_OK(pool->Create("a", kMiB, Provisioning::kThin));
  ASSERT_OK(base::WriteFileAtomically(directory_.File("images/c.img.new"), "half"));
  EXPECT_THAT(pool->Handles(), IsOkAndHolds(ElementsAre("a", "b")));
}

TEST_F(FilePoolTest, SpaceIsThatOfTheFileSystem) {
  const auto pool = *Open();
  const absl::StatusOr<PoolSpace> space = pool->Space();
  ASSERT_OK(space);
  EXPECT_EQ(static_cast<std::uintmax_t>(space->total_bytes),
            std::filesystem::space(directory_.path()).capacity);
  EXPECT_THAT(space->free_bytes, Lt(space->total_bytes));
}

TEST_F(FilePoolTest, PathIsAbsoluteWithoutSymbolicLinks) {
  const TemporaryDirectory elsewhere;
  std::filesystem::create_symlink(directory_.path(), elsewhere.File("pool"));
  const auto pool =
      *FilePool::Open(elsewhere.File("pool"), [](const std::string&) { return absl::OkStatus(); });
  EXPECT_EQ(pool->Path("a"), directory_.path() + "/images/a.img");
}

}  // namespace
}  // namespace nvmeof::target
