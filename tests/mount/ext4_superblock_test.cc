#include "mount/ext4_superblock.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "mount/ext4.h"
#include "tests/matchers/status_matchers.h"
#include "tests/mount/disk_image.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::DiskImage;
using ::nvmeof::testing::kKiB;
using ::nvmeof::testing::kMiB;
using ::nvmeof::testing::StatusIs;

constexpr std::uint64_t kGroup = 128 * kMiB;

absl::StatusOr<Ext4Superblock> Parse(const DiskImage& disk) {
  return ParseExt4Superblock(disk.Read(kExt4SuperblockOffset, kExt4SuperblockSize));
}

void Format(const DiskImage& disk) {
  std::vector<std::string> command = Ext4().FormatCommand("");
  command.pop_back();
  disk.Run(command);
}

// A volume of 1 GiB as Ext4 makes it.
Ext4Superblock Usual() {
  Ext4Superblock superblock;
  superblock.blocks = 262144;
  superblock.block_size = 4096;
  superblock.blocks_per_group = 32768;
  superblock.inodes_per_group = 8192;
  superblock.inode_size = 256;
  superblock.reserved_gdt_blocks = 127;
  superblock.descriptor_size = 64;
  superblock.clean = true;
  superblock.journal = true;
  return superblock;
}

TEST(Ext4SuperblockTest, ReadsWhatMkfsWrote) {
  const DiskImage disk(1024 * kMiB);
  Format(disk);
  const absl::StatusOr<Ext4Superblock> superblock = Parse(disk);
  ASSERT_OK(superblock);
  EXPECT_EQ(*superblock, Usual());
}

TEST(Ext4SuperblockTest, RefusesWhatIsNone) {
  EXPECT_THAT(Parse(DiskImage(kMiB)), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ParseExt4Superblock("short"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(Ext4SuperblockTest, RefusesImpossibleSizes) {
  const DiskImage disk(16 * kMiB);
  Format(disk);
  disk.Write(kExt4SuperblockOffset + 0x18, " ");
  EXPECT_THAT(Parse(disk), StatusIs(absl::StatusCode::kFailedPrecondition));
}

struct CheckCase {
  bool clean;
  bool errors;
  bool journal;
  bool needs_check;
};

TEST(Ext4SuperblockTest, OnlyErrorsAndALostStateWithoutJournalNeedACheck) {
  const CheckCase cases[] = {{true, false, true, false},  {false, false, true, false},
                             {true, false, false, false}, {false, false, false, true},
                             {true, true, true, true},    {false, true, false, true}};
  for (const CheckCase& row : cases) {
    Ext4Superblock superblock = Usual();
    superblock.clean = row.clean;
    superblock.errors = row.errors;
    superblock.journal = row.journal;
    EXPECT_EQ(NeedsCheck(superblock), row.needs_check);
  }
}

struct GrowthCase {
  std::uint64_t disk_size;
  std::uint64_t blocks;
};

TEST(Ext4SuperblockTest, GrowsToTheWholeDiskButForATinyLastGroup) {
  const GrowthCase cases[] = {
      {1024 * kMiB, 262144},
      {1024 * kMiB + 512, 262144},
      {1024 * kMiB + 4 * kKiB, 262144},
      {1024 * kMiB + kMiB, 262144},
      {1024 * kMiB + 16 * kMiB, 262144 + 4096},
      {1024 * kMiB + kGroup, 262144 + 32768},
      {2048 * kMiB, 524288},
  };
  for (const GrowthCase& row : cases) {
    EXPECT_EQ(PossibleBlocks(Usual(), row.disk_size), row.blocks) << row.disk_size;
  }
}

TEST(Ext4SuperblockTest, AFreshOneNeedsNoGrowth) {
  for (const std::uint64_t extra :
       {std::uint64_t{0}, 4 * kKiB, kMiB, 2 * kMiB + 400 * kKiB, 3 * kMiB}) {
    const DiskImage disk(2 * kGroup + extra);
    Format(disk);
    const absl::StatusOr<Ext4Superblock> superblock = Parse(disk);
    ASSERT_OK(superblock);
    EXPECT_LE(PossibleBlocks(*superblock, disk.size()), superblock->blocks) << extra;
  }
}

}  // namespace
}  // namespace nvmeof::mount
