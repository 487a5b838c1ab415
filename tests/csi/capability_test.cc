#include "csi/capability.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "tests/csi/request_rows.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::csi {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::kInvalid;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using volume::AccessMode;

::csi::v1::VolumeCapability Wire(const std::string& text) {
  ::csi::v1::VolumeCapability capability;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &capability)) << text;
  return capability;
}

TEST(RequireCapabilityTest, WantsAccessTypeAndMode) {
  EXPECT_OK(RequireCapability(Wire("block {} access_mode { mode: SINGLE_NODE_WRITER }")));
  EXPECT_OK(RequireCapability(Wire("mount {} access_mode { mode: SINGLE_NODE_WRITER }")));
  for (const char* text :
       {"", "block {}", "block {} access_mode {}", "access_mode { mode: SINGLE_NODE_WRITER }"}) {
    EXPECT_THAT(RequireCapability(Wire(text)), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseCapabilityTest, OffersEveryModeForBlockAndSingleNodeModesForFileSystems) {
  struct Row {
    std::string mode;
    AccessMode parsed;
    bool for_file_systems;
  };
  const Row rows[] = {
      {"SINGLE_NODE_WRITER", AccessMode::kSingleNodeWriter, true},
      {"SINGLE_NODE_READER_ONLY", AccessMode::kSingleNodeReaderOnly, true},
      {"SINGLE_NODE_SINGLE_WRITER", AccessMode::kSingleNodeSingleWriter, true},
      {"SINGLE_NODE_MULTI_WRITER", AccessMode::kSingleNodeMultiWriter, true},
      {"MULTI_NODE_READER_ONLY", AccessMode::kMultiNodeReaderOnly, true},
      {"MULTI_NODE_SINGLE_WRITER", AccessMode::kMultiNodeSingleWriter, false},
      {"MULTI_NODE_MULTI_WRITER", AccessMode::kMultiNodeMultiWriter, false},
  };
  for (const Row& row : rows) {
    const std::string mode = " access_mode { mode: " + row.mode + " }";
    EXPECT_THAT(ParseCapability(Wire("block {}" + mode)),
                IsOkAndHolds(volume::VolumeCapability{true, "", {}, "", row.parsed}));
    EXPECT_EQ(ParseCapability(Wire("mount {}" + mode)).ok(), row.for_file_systems) << row.mode;
  }
}

TEST(ParseCapabilityTest, RefusesAModeOfANewerProtocol) {
  EXPECT_THAT(ParseCapability(Wire("block {} access_mode { mode: 99 }")), StatusIs(kInvalid));
}

absl::StatusOr<volume::VolumeCapability> ParseMount(const std::string& mount) {
  return ParseCapability(Wire("mount { " + mount + " } access_mode { mode: SINGLE_NODE_WRITER }"));
}

TEST(ParseCapabilityTest, KeepsWhatAFileSystemIsMountedWith) {
  EXPECT_THAT(ParseMount("fs_type: 'xfs' mount_flags: 'noatime' mount_flags: 'logbufs=8' "
                         "volume_mount_group: '1000'"),
              IsOkAndHolds(volume::VolumeCapability{
                  false, "xfs", {"noatime", "logbufs=8"}, "1000", AccessMode::kSingleNodeWriter}));
}

TEST(ParseCapabilityTest, KnowsItsFileSystems) {
  EXPECT_THAT(ParseMount(""),
              IsOkAndHolds(Field(&volume::VolumeCapability::fs_type, std::string("ext4"))));
  EXPECT_OK(ParseMount("fs_type: 'ext4'"));
  for (const char* type : {"ext3", "btrfs", "EXT4", "ntfs"}) {
    EXPECT_THAT(ParseMount("fs_type: '" + std::string(type) + "'"),
                StatusIs(kInvalid, AllOf(HasSubstr(type), HasSubstr("ext4 and xfs"))));
  }
}

TEST(ParseCapabilityTest, ChecksMountFlags) {
  for (const char* flag : {"noatime", "errors=remount-ro", "ro", "discard",
                           "context=\"system_u:object_r:container_file_t:s0:c1,c2\""}) {
    EXPECT_OK(ParseMount("mount_flags: '" + std::string(flag) + "'")) << flag;
  }
  for (const char* flag :
       {"", "=x", "no atime", "noatime,nodiratime", "a\\nb", "bind", "rbind", "remount", "move",
        "shared", "rprivate", "loop", "offset=4096", "logdev=/dev/sda", "journal_path=/dev/sda"}) {
    EXPECT_THAT(ParseMount("mount_flags: '" + std::string(flag) + "'"), StatusIs(kInvalid)) << flag;
  }
}

TEST(ParseCapabilityTest, DoesNotRepeatAFlagsValue) {
  EXPECT_THAT(ParseMount("mount_flags: 'offset=hunter2'"),
              StatusIs(kInvalid, Not(HasSubstr("hunter2"))));
}

TEST(ParseCapabilityTest, TakesADecimalGroup) {
  for (const char* group : {"", "0", "1000", "4294967294"}) {
    EXPECT_OK(ParseMount("volume_mount_group: '" + std::string(group) + "'")) << group;
  }
  for (const char* group : {"staff", "-1", "+1", "4294967295", "99999999999", "0x10", " 1"}) {
    EXPECT_THAT(ParseMount("volume_mount_group: '" + std::string(group) + "'"), StatusIs(kInvalid))
        << group;
  }
}

// The texts are stored with exports, so they may never change.
TEST(FingerprintTest, KeepsItsForm) {
  EXPECT_EQ(Fingerprint({true, "", {}, "", AccessMode::kMultiNodeMultiWriter}), "block mode=5");
  EXPECT_EQ(Fingerprint({false, "ext4", {}, "", AccessMode::kSingleNodeWriter}),
            "mount mode=1 fs=ext4 group= flags=");
  EXPECT_EQ(Fingerprint({false, "xfs", {"noatime", "a=b"}, "7", AccessMode::kSingleNodeWriter}),
            "mount mode=1 fs=xfs group=7 flags=noatime a=b");
}

TEST(FingerprintTest, DiffersWithEveryMember) {
  const volume::VolumeCapability one = {false, "ext4", {"a"}, "1", AccessMode::kSingleNodeWriter};
  for (const volume::VolumeCapability& other : std::initializer_list<volume::VolumeCapability>{
           {true, "", {}, "", AccessMode::kSingleNodeWriter},
           {false, "xfs", {"a"}, "1", AccessMode::kSingleNodeWriter},
           {false, "ext4", {"a", "b"}, "1", AccessMode::kSingleNodeWriter},
           {false, "ext4", {"a"}, "2", AccessMode::kSingleNodeWriter},
           {false, "ext4", {"a"}, "1", AccessMode::kSingleNodeReaderOnly}}) {
    EXPECT_NE(Fingerprint(one), Fingerprint(other));
  }
}

}  // namespace
}  // namespace nvmeof::csi
