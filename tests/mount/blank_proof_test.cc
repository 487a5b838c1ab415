#include "mount/blank_proof.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"
#include "tests/mount/disk_image.h"

namespace nvmeof::mount {
namespace {

using ::nvmeof::testing::DiskImage;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::kKiB;
using ::nvmeof::testing::kMiB;
using ::testing::ElementsAre;

constexpr std::uint64_t kTiB = std::uint64_t{1024} * 1024 * kMiB;

bool IsCovered(std::uint64_t disk_size, std::uint64_t offset) {
  return std::ranges::any_of(ProofRegions(disk_size), [offset](const Region& region) {
    return offset >= region.offset && offset - region.offset < region.size;
  });
}

TEST(ProofRegionsTest, ASmallDiskIsReadWhole) {
  EXPECT_THAT(ProofRegions(512), ElementsAre(Region{0, 512}));
  EXPECT_THAT(ProofRegions(2 * kMiB), ElementsAre(Region{0, 2 * kMiB}));
}

TEST(ProofRegionsTest, CoverWhereSuperblocksAndTheirCopiesAre) {
  constexpr std::uint64_t kSize = 2 * kTiB;
  const std::uint64_t offsets[] = {0,
                                   1024,                 // ext
                                   32 * kKiB,            // ISO 9660
                                   64 * kKiB,            // btrfs
                                   256 * kKiB,           // second ZFS label
                                   kMiB + 1024,          // ext in a first partition
                                   8 * kMiB + kKiB,      // copies of ext's
                                   32 * kMiB,            //
                                   128 * kMiB,           //
                                   64 * kMiB,            // copies of btrfs's
                                   262144 * kMiB,        //
                                   kSize / 4,            // copy of XFS's
                                   kSize - 512,          // GPT
                                   kSize - 8 * kKiB,     // md 1.0
                                   kSize - 64 * kKiB,    // md 0.90
                                   kSize - 512 * kKiB};  // ZFS
  for (const std::uint64_t offset : offsets) EXPECT_TRUE(IsCovered(kSize, offset)) << offset;
}

TEST(ProofRegionsTest, AscendWithinTheDiskAndBeginOnBlocks) {
  for (const std::uint64_t size : {3 * kMiB, 100 * kMiB + 512, 131 * kMiB, 5 * kTiB + 4096}) {
    std::uint64_t end = 0;
    for (const Region& region : ProofRegions(size)) {
      EXPECT_GE(region.offset, end);
      EXPECT_EQ(region.offset % 4096, 0u);
      EXPECT_GT(region.size, 0u);
      end = region.offset + region.size;
    }
    EXPECT_EQ(end, size);
  }
}

TEST(FindNonZeroTest, FindsNothingOnABlankDisk) {
  EXPECT_THAT(FindNonZero(DiskImage().Open()), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(FindNonZero(DiskImage(100 * kMiB + 512).Open()), IsOkAndHolds(std::nullopt));
}

TEST(FindNonZeroTest, ReadsPastThePageCacheWhereItCan) {
  const testing::TemporaryDirectory folder;
  const DiskImage disk(100 * kMiB + 512, folder.File("disk"));
  EXPECT_THAT(FindNonZero(disk.Open()), IsOkAndHolds(std::nullopt));
  disk.Write(disk.size() - 1, "x");
  EXPECT_THAT(FindNonZero(disk.Open()), IsOkAndHolds(disk.size() - 1));
}

TEST(FindNonZeroTest, FindsOneByte) {
  const std::uint64_t size = 300 * kMiB + 512;
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{1}, kMiB - 1, kMiB + 5, 8 * kMiB + 9, 64 * kMiB, 128 * kMiB,
        size - kMiB, size - 513, size - 1}) {
    const DiskImage disk(size);
    disk.Write(offset, "x");
    EXPECT_THAT(FindNonZero(disk.Open()), IsOkAndHolds(offset));
  }
}

TEST(FindNonZeroTest, WhatCannotBeReadIsAnErrorAndNotBlank) {
  const testing::TemporaryDirectory folder;
  const OpenedDevice unreadable =
      *OpenedDevice::Open({folder.path(), {1, 1}}, DeviceCheck::kAnyFile);
  EXPECT_FALSE(FindNonZero(unreadable).ok());
}

TEST(FindNonZeroTest, ADiskThatBecameSmallerIsNotBlank) {
  DiskImage disk(100 * kMiB);
  const OpenedDevice opened = disk.Open();
  disk.Resize(50 * kMiB);
  EXPECT_THAT(FindNonZero(opened), testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace nvmeof::mount
