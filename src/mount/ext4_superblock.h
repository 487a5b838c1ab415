// Ext4Superblock: the fields of ext4's superblock that decide whether to check and how far to grow
// (Linux, Documentation/filesystems/ext4, "Super Block"). Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::mount {

inline constexpr std::uint64_t kExt4SuperblockOffset = 1024;
inline constexpr std::size_t kExt4SuperblockSize = 1024;

struct Ext4Superblock {
  std::uint64_t blocks = 0;
  std::uint32_t block_size = 0;
  std::uint32_t first_data_block = 0;
  std::uint32_t blocks_per_group = 0;
  std::uint32_t inodes_per_group = 0;
  std::uint32_t inode_size = 0;
  std::uint32_t reserved_gdt_blocks = 0;
  std::uint32_t descriptor_size = 0;
  bool clean = false;    // unmounted in order
  bool errors = false;   // the kernel met an inconsistency
  bool journal = false;  // the kernel replays it when mounting

  friend bool operator==(const Ext4Superblock&, const Ext4Superblock&) = default;
};

// FailedPrecondition when the 1024 bytes are no superblock of ext2, ext3 or ext4.
[[nodiscard]] absl::StatusOr<Ext4Superblock> ParseExt4Superblock(absl::string_view bytes);

// True when the checker has to look before a mount. A file system that was not unmounted in order
// does not need it as long as it has a journal.
[[nodiscard]] bool NeedsCheck(const Ext4Superblock& superblock);

// How many blocks it can have on a disk of that size. A last group that would hold little more than
// its own bookkeeping is left out, by the rule of resize2fs.
[[nodiscard]] std::uint64_t PossibleBlocks(const Ext4Superblock& superblock,
                                           std::uint64_t disk_size);

}  // namespace nvmeof::mount
