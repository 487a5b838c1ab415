// The fakes are held to what callers rely on of the real ones.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/effects.h"
#include "tests/fakes/fake_file_systems.h"
#include "tests/fakes/fake_mounter.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr base::DeviceNumber kDisk{259, 1};
const mount::Device kDevice{"/dev/nvme0n1", kDisk};

class FakesTest : public ::testing::Test {
 protected:
  FakesTest() {
    mounter_.AddDevice("/dev/nvme0n1", kDisk);
    mounter_.AddDirectory("/staging");
    mounter_.AddDirectory("/pods");
  }

  absl::Status MountDisk() { return mounter_.Mount({"/dev/nvme0n1", "/staging", "ext4", {}}); }

  Effects effects_;
  FakeMounter mounter_{effects_};
  FakeFileSystems file_systems_{mounter_, effects_};
};

TEST_F(FakesTest, AMountShowsTheNumberOfItsDisk) {
  ASSERT_OK(MountDisk());
  EXPECT_EQ(mounter_.Table()->At("/staging").back().device, kDisk);
}

TEST_F(FakesTest, ABindMountOfAFolderShowsTheDiskUnderIt) {
  ASSERT_OK(MountDisk());
  ASSERT_OK(mounter_.MakeDirectory("/pods/a"));
  ASSERT_OK(mounter_.BindMount("/staging", "/pods/a", mount::Access::kReadOnly));
  const mount::MountPoint bound = mounter_.Table()->At("/pods/a").back();
  EXPECT_EQ(bound.device, kDisk);
  EXPECT_EQ(bound.root, "/");
  EXPECT_TRUE(bound.read_only);
}

TEST_F(FakesTest, ABindMountOfADeviceNodeShowsDevtmpfsAndLeadsToTheDisk) {
  ASSERT_OK(mounter_.MakeFile("/pods/dev"));
  ASSERT_OK(mounter_.BindMount("/dev/nvme0n1", "/pods/dev", mount::Access::kReadWrite));
  EXPECT_EQ(mounter_.Table()->At("/pods/dev").back().device, kDevtmpfs);
  EXPECT_EQ(mounter_.Table()->At("/pods/dev").back().root, "/nvme0n1");
  EXPECT_EQ(*mounter_.BlockDevice("/pods/dev"), kDisk);
  EXPECT_EQ(*mounter_.Kind("/pods/dev"), mount::PathKind::kOther);
}

TEST_F(FakesTest, TheMountsOfAVanishedDeviceStay) {
  ASSERT_OK(MountDisk());
  mounter_.RemoveDevice("/dev/nvme0n1");
  EXPECT_THAT(mounter_.Table()->Of(kDisk), SizeIs(1));
  EXPECT_EQ(*mounter_.BlockDevice("/dev/nvme0n1"), std::nullopt);
  EXPECT_OK(mounter_.Unmount("/staging"));
}

TEST_F(FakesTest, ABusyMountStays) {
  ASSERT_OK(MountDisk());
  mounter_.SetBusy("/staging", true);
  EXPECT_THAT(mounter_.Unmount("/staging"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(mounter_.Table()->At("/staging"), SizeIs(1));
}

TEST_F(FakesTest, AMountPointIsNotRemoved) {
  ASSERT_OK(MountDisk());
  EXPECT_THAT(mounter_.Remove("/staging"), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_OK(mounter_.Unmount("/staging"));
  EXPECT_OK(mounter_.Remove("/staging"));
  EXPECT_EQ(*mounter_.Kind("/staging"), mount::PathKind::kAbsent);
}

TEST_F(FakesTest, RepeatedCallsHaveNoEffect) {
  ASSERT_OK(mounter_.MakeDirectory("/staging"));
  ASSERT_OK(mounter_.Unmount("/staging"));
  ASSERT_OK(mounter_.Remove("/absent"));
  EXPECT_EQ(effects_.count(), 0u);
}

TEST_F(FakesTest, EffectsCrossBothFakesInOrder) {
  ASSERT_OK(file_systems_.Format(kDevice, {"ext4"}, absl::InfiniteFuture()));
  ASSERT_OK(MountDisk());
  EXPECT_THAT(effects_.log(), ElementsAre("format /dev/nvme0n1", "mount /dev/nvme0n1 /staging"));
}

TEST_F(FakesTest, TheNthEffectFailsOnce) {
  effects_.Fail(2, absl::UnavailableError("no"));
  ASSERT_OK(MountDisk());
  EXPECT_THAT(mounter_.Unmount("/staging"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(mounter_.Unmount("/staging"));
}

TEST_F(FakesTest, NothingHappensAfterDeath) {
  effects_.DieAt(1);
  EXPECT_FALSE(MountDisk().ok());
  EXPECT_FALSE(mounter_.MakeDirectory("/new").ok());
  EXPECT_TRUE(effects_.dead());
  effects_.Revive();
  EXPECT_OK(MountDisk());
}

TEST_F(FakesTest, AMovedNameIsRefused) {
  mounter_.AddDevice("/dev/nvme0n1", {259, 7});
  EXPECT_THAT(file_systems_.Probe(kDevice), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FakesTest, OnlyABlankDiskIsFormatted) {
  file_systems_.SetContent(kDisk, {mount::Content::kForeign, "gpt"});
  EXPECT_THAT(file_systems_.Format(kDevice, {"ext4"}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(file_systems_.formats(), 0);
}

TEST_F(FakesTest, AGrownDiskNeedsItsFileSystemGrown) {
  ASSERT_OK(file_systems_.Format(kDevice, {"xfs"}, absl::InfiniteFuture()));
  ASSERT_OK(MountDisk());
  file_systems_.SetSize(kDisk, std::int64_t{2} << 30);
  EXPECT_TRUE(*file_systems_.NeedsGrowth(kDevice, "xfs", "/staging"));
  ASSERT_OK(file_systems_.Grow(kDevice, "xfs", "/staging", absl::InfiniteFuture()));
  EXPECT_EQ(file_systems_.FileSystemSize(kDisk), std::int64_t{2} << 30);
}

}  // namespace
}  // namespace nvmeof::testing
