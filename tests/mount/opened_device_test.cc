#include "mount/opened_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/mount/disk_image.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::DiskImage;
using ::nvmeof::testing::kMiB;
using ::nvmeof::testing::StatusIs;

TEST(OpenedDeviceTest, OnlyABlockDeviceIsOne) {
  const DiskImage file(kMiB);
  for (const std::string& path : {file.device().path, std::string("/dev/null")}) {
    EXPECT_THAT(OpenedDevice::Open({path, {1, 3}}, DeviceCheck::kBlockDevice).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << path;
  }
}

TEST(OpenedDeviceTest, AnAbsentNodeIsNotFound) {
  EXPECT_THAT(OpenedDevice::Open({"/dev/nonexistent", {1, 1}}, DeviceCheck::kBlockDevice).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(OpenedDeviceTest, ADiskWithoutSizeIsUnavailable) {
  EXPECT_THAT(OpenedDevice::Open(DiskImage(0).device(), DeviceCheck::kAnyFile).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(OpenedDeviceTest, ToolsGetTheDeviceThatWasOpenedWhateverItsNameIsNow) {
  const testing::TemporaryDirectory folder;
  const DiskImage disk(kMiB, folder.File("disk"));
  const OpenedDevice opened = disk.Open();
  disk.Write(0, "first");
  const DiskImage other(kMiB, folder.File("other"));
  ASSERT_EQ(std::rename(other.device().path.c_str(), disk.device().path.c_str()), 0);

  const base::UniqueFd tool(::open(opened.ToolPath().c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[5] = {};
  ASSERT_EQ(::pread(tool.get(), bytes, sizeof bytes, 0), 5);
  EXPECT_EQ(std::string(bytes, sizeof bytes), "first");
}

}  // namespace
}  // namespace nvmeof::mount
