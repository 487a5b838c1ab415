#include "mount/mount_table.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Recorded on Linux 6.1 and 6.12; blanks stand as they are.
constexpr char kRecorded[] =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "24 27 0:6 / /dev rw,nosuid shared:2 - devtmpfs udev rw,size=123k,mode=755\n"
    "27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "310 27 259:1 / /var/lib/kubelet/globalmount rw,noatime shared:7 master:3 - ext4 "
    "/dev/nvme0n1 rw,discard\n"
    "311 27 259:1 / /var/lib/kubelet/pods/a/mount ro,noatime shared:7 - ext4 /dev/nvme0n1 rw\n"
    "312 27 0:6 /nvme1n1 /var/lib/kubelet/dev/b rw,nosuid shared:2 - devtmpfs udev rw\n"
    "313 27 0:6 /nvme2n1//deleted /var/lib/kubelet/dev/c rw shared:2 - devtmpfs udev rw\n"
    "314 27 0:44 / /mnt/with\\040blank\\011tab\\134slash rw - tmpfs  rw\n"
    "315 27 0:45 / /mnt/\\999 rw - fuse.sshfs host:/a\\040b rw\n";

MountTable Recorded() { return *MountTable::Parse(kRecorded); }

TEST(MountTableTest, ReadsEachFieldOfALine) {
  EXPECT_THAT(Recorded().At("/var/lib/kubelet/globalmount"),
              ElementsAre(MountPoint{310,
                                     27,
                                     {259, 1},
                                     "/",
                                     false,
                                     "/var/lib/kubelet/globalmount",
                                     false,
                                     "ext4",
                                     "/dev/nvme0n1",
                                     {"rw", "noatime"},
                                     {"rw", "discard"},
                                     7,
                                     3}));
}

TEST(MountTableTest, SeesAReadOnlyBindOfAWritableFileSystem) {
  EXPECT_TRUE(Recorded().At("/var/lib/kubelet/pods/a/mount").back().read_only);
}

TEST(MountTableTest, ABoundDeviceNodeIsAPartOfDevtmpfs) {
  const MountPoint node = Recorded().At("/var/lib/kubelet/dev/b").back();
  EXPECT_EQ(node.root, "/nvme1n1");
  EXPECT_EQ(node.device, (base::DeviceNumber{0, 6}));
  EXPECT_FALSE(node.root_deleted);
}

TEST(MountTableTest, TellsThatTheBoundNodeWentAway) {
  const MountPoint node = Recorded().At("/var/lib/kubelet/dev/c").back();
  EXPECT_EQ(node.root, "/nvme2n1");
  EXPECT_TRUE(node.root_deleted);
}

TEST(MountTableTest, UndoesOctalEscapes) {
  EXPECT_THAT(Recorded().At("/mnt/with blank\ttab\\slash"), SizeIs(1));
  EXPECT_THAT(Recorded().At("/mnt/\\999"), SizeIs(1));
  EXPECT_EQ(Recorded().At("/mnt/\\999").back().source, "host:/a b");
}

TEST(MountTableTest, AcceptsAnEmptySource) {
  EXPECT_EQ(Recorded().At("/mnt/with blank\ttab\\slash").back().source, "");
}

TEST(MountTableTest, FindsEveryMountOfADevice) {
  EXPECT_THAT(Recorded().Of({259, 1}), SizeIs(2));
  EXPECT_THAT(Recorded().Of({259, 9}), IsEmpty());
}

TEST(MountTableTest, APathMatchesWhole) {
  EXPECT_THAT(Recorded().At("/var/lib/kubelet"), IsEmpty());
  EXPECT_THAT(Recorded().At("/var/lib/kubelet/globalmount/"), IsEmpty());
}

TEST(MountTableTest, TheTopmostOfAStackIsLastWhateverTheOrderOfLines) {
  const absl::StatusOr<MountTable> table = MountTable::Parse(
      "43 42 0:3 / /s rw - tmpfs c rw\n"
      "41 27 0:1 / /s rw - tmpfs a rw\n"
      "42 41 0:2 / /s rw - tmpfs b rw\n");
  ASSERT_OK(table);
  std::string order;
  for (const MountPoint& mount : table->At("/s")) order += mount.source;
  EXPECT_EQ(order, "abc");
}

TEST(MountTableTest, AMountThatALaterOneHidesIsNotAtItsPath) {
  const absl::StatusOr<MountTable> table = MountTable::Parse(
      "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "41 27 259:1 / /kubelet/volume rw - ext4 hidden rw\n"
      "42 41 259:2 / /kubelet/volume/inner rw - ext4 hidden rw\n"
      "43 27 0:2 / /kubelet rw - tmpfs over rw\n"
      "44 43 259:3 / /kubelet/volume rw - ext4 visible rw\n"
      "45 27 259:4 / /kubelet2/volume rw - ext4 neighbour rw\n");
  ASSERT_OK(table);
  ASSERT_THAT(table->At("/kubelet/volume"), SizeIs(1));
  EXPECT_EQ(table->At("/kubelet/volume").back().source, "visible");
  EXPECT_THAT(table->At("/kubelet/volume/inner"), IsEmpty());
  EXPECT_THAT(table->At("/kubelet2/volume"), SizeIs(1));
  EXPECT_THAT(table->Of({259, 1}), SizeIs(1));
}

TEST(MountTableTest, AMountThatIsItsOwnParentEndsTheSearch) {
  const absl::StatusOr<MountTable> table =
      MountTable::Parse("1 1 0:1 / / rw - rootfs rootfs rw\n2 1 8:1 / / rw - ext4 x rw\n");
  ASSERT_OK(table);
  EXPECT_EQ(table->At("/").back().id, 2);
}

TEST(MountTableTest, ACircleOfParentsEndsTheSearch) {
  const absl::StatusOr<MountTable> table =
      MountTable::Parse("5 6 0:1 / /a rw - tmpfs x rw\n6 5 0:2 / /a rw - tmpfs y rw\n");
  ASSERT_OK(table);
  EXPECT_THAT(table->At("/a"), SizeIs(2));
}

TEST(MountTableTest, RefusesALineOfAnotherShape) {
  for (const char* line :
       {"nonsense", "22 27 0:21 / /proc rw", "22 27 0-21 / /proc rw - proc proc rw",
        "x 27 0:21 / /proc rw - proc proc rw", "22 27 0:21 / /proc rw shared:1 proc proc rw"}) {
    EXPECT_THAT(MountTable::Parse(line), StatusIs(absl::StatusCode::kInvalidArgument)) << line;
  }
}

TEST(MountTableTest, AnEmptyTextIsAnEmptyTable) {
  EXPECT_THAT(MountTable::Parse("")->all(), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::mount
