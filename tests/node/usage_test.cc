#include "node/usage.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

class UsageTest : public NodeWorld {
 protected:
  absl::StatusOr<node::VolumeUsage> Read(const std::string& path) {
    return process_->usage.Read(kVolume, path);
  }
};

TEST_F(UsageTest, TellsTheSizeOfARawBlockVolume) {
  ASSERT_OK(Stage(Block()));
  ASSERT_OK(Publish(Block()));
  const auto usage = Read(kTarget);
  ASSERT_OK(usage);
  EXPECT_TRUE(usage->block);
  EXPECT_EQ(usage->total_bytes, std::int64_t{1} << 30);
}

TEST_F(UsageTest, AVolumeThatIsNotStagedOrNotThereIsNotFound) {
  EXPECT_THAT(Read(kStaging), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(Stage(Block()));
  EXPECT_THAT(Read("some/path"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(UsageTest, WithoutALivePathItDoesNotTouchTheFileSystem) {
  ASSERT_OK(Stage(FileSystem()));
  for (const volume::Portal& portal : target_.portals) kernel_.Stall(portal);
  EXPECT_THAT(Read(kStaging), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(UsageTest, AMountFromADiskThatIsGoneIsStale) {
  ASSERT_OK(Stage(FileSystem()));
  for (const volume::Portal& portal : target_.portals) kernel_.Drop(portal);
  base::Call call(clock_, clock_.Now() + absl::Minutes(1));
  ASSERT_OK(process_->attacher.Attach(target_, {}, call));
  EXPECT_THAT(Read(kStaging),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("stale")));
}

}  // namespace
}  // namespace nvmeof::testing
