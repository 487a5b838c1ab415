#include "mount/usage.h"

#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::StatusIs;

TEST(UsageTest, CountsBytesAndInodes) {
  const testing::TemporaryDirectory folder;
  const absl::StatusOr<FsUsage> usage = ReadUsage(folder.path());
  ASSERT_OK(usage);
  EXPECT_GT(usage->total_bytes, 0);
  EXPECT_LE(usage->used_bytes + usage->available_bytes, usage->total_bytes);
  EXPECT_LE(usage->used_inodes + usage->available_inodes, usage->total_inodes);
}

TEST(UsageTest, AnAbsentPathIsNotFound) {
  EXPECT_THAT(ReadUsage("/nonexistent/volume"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace nvmeof::mount
