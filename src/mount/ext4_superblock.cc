#include "mount/ext4_superblock.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace nvmeof::mount {
namespace {

constexpr std::uint32_t kMagic = 0xEF53;
constexpr std::uint32_t kStateClean = 0x1;
constexpr std::uint32_t kStateErrors = 0x2;
constexpr std::uint32_t kCompatJournal = 0x4;
constexpr std::uint32_t kIncompat64Bit = 0x80;
constexpr std::uint32_t kOldInodeSize = 128;
constexpr std::uint32_t kOldDescriptorSize = 32;

// Little-endian, as everything in ext4.
std::uint32_t Read(absl::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i - 1]);
  }
  return value;
}
std::uint32_t Read16(absl::string_view bytes, std::size_t offset) { return Read(bytes, offset, 2); }
std::uint32_t Read32(absl::string_view bytes, std::size_t offset) { return Read(bytes, offset, 4); }

std::uint64_t DivideUp(std::uint64_t dividend, std::uint64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

// Superblock and descriptors of a copy, two bitmaps, the inode table.
std::uint64_t GroupOverhead(const Ext4Superblock& superblock, std::uint64_t groups) {
  const std::uint64_t inodes = DivideUp(
      std::uint64_t{superblock.inodes_per_group} * superblock.inode_size, superblock.block_size);
  const std::uint64_t descriptors =
      DivideUp(groups * superblock.descriptor_size, superblock.block_size);
  return 1 + descriptors + superblock.reserved_gdt_blocks + 2 + inodes;
}

}  // namespace

absl::StatusOr<Ext4Superblock> ParseExt4Superblock(absl::string_view bytes) {
  if (bytes.size() < kExt4SuperblockSize || Read16(bytes, 0x38) != kMagic) {
    return absl::FailedPreconditionError("no superblock of ext4");
  }
  const std::uint32_t state = Read16(bytes, 0x3A);
  const bool wide = (Read32(bytes, 0x60) & kIncompat64Bit) != 0;
  const bool dynamic = Read32(bytes, 0x4C) != 0;
  Ext4Superblock superblock;
  superblock.blocks = Read32(bytes, 0x04);
  if (wide) superblock.blocks |= std::uint64_t{Read32(bytes, 0x150)} << 32;
  const std::uint32_t log_block_size = Read32(bytes, 0x18);
  superblock.first_data_block = Read32(bytes, 0x14);
  superblock.blocks_per_group = Read32(bytes, 0x20);
  superblock.inodes_per_group = Read32(bytes, 0x28);
  superblock.inode_size = dynamic ? Read16(bytes, 0x58) : kOldInodeSize;
  superblock.reserved_gdt_blocks = Read16(bytes, 0xCE);
  superblock.descriptor_size = wide ? Read16(bytes, 0xFE) : kOldDescriptorSize;
  superblock.clean = (state & kStateClean) != 0;
  superblock.errors = (state & kStateErrors) != 0;
  superblock.journal = (Read32(bytes, 0x5C) & kCompatJournal) != 0;
  if (log_block_size > 6 || superblock.blocks_per_group == 0) {
    return absl::FailedPreconditionError("a superblock of ext4 with impossible sizes");
  }
  superblock.block_size = 1024U << log_block_size;
  return superblock;
}

bool NeedsCheck(const Ext4Superblock& superblock) {
  return superblock.errors || (!superblock.clean && !superblock.journal);
}

std::uint64_t PossibleBlocks(const Ext4Superblock& superblock, std::uint64_t disk_size) {
  constexpr std::uint64_t kLeastFree = 50;
  const std::uint64_t blocks = disk_size / superblock.block_size;
  if (blocks <= superblock.first_data_block) return 0;
  const std::uint64_t data = blocks - superblock.first_data_block;
  const std::uint64_t groups = DivideUp(data, superblock.blocks_per_group);
  const std::uint64_t rest = data % superblock.blocks_per_group;
  if (groups > 1 && rest != 0 && rest < GroupOverhead(superblock, groups) + kLeastFree) {
    return blocks - rest;
  }
  return blocks;
}

}  // namespace nvmeof::mount
