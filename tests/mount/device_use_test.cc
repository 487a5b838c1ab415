#include "mount/device_use.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = DeviceUse::Kind;

const Device kDisk{"/dev/nvme0n1", {259, 1}};

std::vector<DeviceUse> Uses(const std::string& line) {
  return UsesIn(*MountTable::Parse(line), kDisk, {});
}

struct Row {
  const char* name;
  const char* line;
  const char* use;  // empty: none
};

const Row kRows[] = {
    {"file system", "30 1 259:1 / /data rw - ext4 /dev/nvme0n1 rw", "mounted at /data"},
    {"part of it", "30 1 259:1 /sub /data rw - xfs /dev/other rw", "mounted at /data"},
    {"another disk", "30 1 259:2 / /data rw - ext4 /dev/nvme0n2 rw", ""},
    {"a mount of an earlier disk with this name", "30 1 259:7 / /data rw - ext4 /dev/nvme0n1 rw",
     ""},
    {"partition", "30 1 259:9 / /data rw - ext4 /dev/nvme0n1p1 rw", "mounted at /data"},
    {"another disk's partition", "30 1 259:9 / /data rw - ext4 /dev/nvme0n12p1 rw", ""},
    {"btrfs", "30 1 0:50 / /data rw - btrfs /dev/nvme0n1 rw", "mounted at /data"},
    {"a source that anybody may choose", "30 1 0:50 / /data rw - tmpfs /dev/nvme0n1 rw", ""},
    {"the same of a partition", "30 1 0:50 / /data rw - tmpfs /dev/nvme0n1p1 rw", ""},
    {"device node", "30 1 0:6 /nvme0n1 /pods/dev rw - devtmpfs udev rw", "published at /pods/dev"},
    {"partition's node", "30 1 0:6 /nvme0n1p2 /pods/dev rw - devtmpfs udev rw",
     "published at /pods/dev"},
    {"another disk's node", "30 1 0:6 /nvme0n12 /pods/dev rw - devtmpfs udev rw", ""},
    {"an earlier disk's node", "30 1 0:6 /nvme0n1//deleted /pods/dev rw - devtmpfs udev rw", ""},
    {"all of devtmpfs", "30 1 0:6 / /dev rw - devtmpfs udev rw", ""},
    {"a file of that name", "30 1 8:1 /nvme0n1 /x rw - ext4 /dev/sda1 rw", ""},
};

TEST(DeviceUseTest, TellsWhatAMountUses) {
  for (const Row& row : kRows) {
    const std::vector<DeviceUse> uses = Uses(row.line);
    EXPECT_EQ(uses.empty() ? "" : Describe(uses.front()), row.use) << row.name;
  }
}

TEST(DeviceUseTest, WhatIsNotParsedHasNoUse) {
  for (const Row& row : kRows) {
    if (*row.use != '\0') {
      EXPECT_TRUE(MayUse(row.line, kDisk)) << row.name;
    }
  }
  EXPECT_FALSE(MayUse("30 1 8:1 / / rw - ext4 /dev/sda1 rw\n", kDisk));
}

TEST(DeviceUseTest, FindsSwap) {
  const std::string swaps =
      "Filename\t\t\tType\t\tSize\tUsed\tPriority\n"
      "/dev/nvme0n12                           partition\t8\t0\t-2\n"
      "/dev/nvme0n1p2                          partition\t8\t0\t-3\n";
  const std::vector<DeviceUse> uses = SwapOn(swaps, kDisk);
  EXPECT_THAT(uses, ElementsAre(DeviceUse{Kind::kSwap, "/dev/nvme0n1p2", {}}));
  EXPECT_EQ(Describe(uses.front()), "used as swap: /dev/nvme0n1p2");
  EXPECT_THAT(SwapOn("", kDisk), IsEmpty());
}

TEST(DeviceUseTest, NamesTheProcess) {
  const Process process{4711, "postgres"};
  EXPECT_EQ(Describe(DeviceUse{Kind::kMount, "/data", process}),
            "mounted at /data in the mount namespace of postgres (pid 4711)");
  EXPECT_EQ(Describe(DeviceUse{Kind::kOpen, "/dev/nvme0n1", process}),
            "open as /dev/nvme0n1 by postgres (pid 4711)");
}

TEST(DeviceUseTest, NamesFiveAtMost) {
  EXPECT_EQ(DescribeFirst({"a", "b"}), "a, b");
  EXPECT_EQ(DescribeFirst({"a", "b", "c", "d", "e"}), "a, b, c, d, e");
  EXPECT_EQ(DescribeFirst({"a", "b", "c", "d", "e", "f", "g"}), "a, b, c, d, e and 2 more");
}

}  // namespace
}  // namespace nvmeof::mount
