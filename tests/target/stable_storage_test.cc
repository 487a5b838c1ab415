#include "target/stable_storage.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(StableStorageTest, FileSystemThatCannotHoldVolumesIsRefused) {
  EXPECT_THAT(RequireStableStorage("/proc"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(StableStorageTest, RefusalNamesFolderAndAlternatives) {
  EXPECT_THAT(RequireStableStorage("/sys"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("/sys"), HasSubstr("ext4, xfs or btrfs"))));
}

TEST(StableStorageTest, AbsentFolderIsNotFound) {
  EXPECT_THAT(RequireStableStorage("/nothing/here"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::target
