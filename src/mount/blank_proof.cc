#include "mount/blank_proof.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "absl/strings/string_view.h"

#include "base/status_macros.h"
#include "mount/uncached_reader.h"

namespace nvmeof::mount {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

// Each holds, among others: MBR, GPT, LUKS, LVM, ext (1 KiB), swap, btrfs (64 KiB) and the first
// two ZFS labels; at the end the copy of GPT, md 0.90 and 1.0, DRBD and the last two ZFS labels.
constexpr std::uint64_t kEdge = kMiB;

constexpr std::uint64_t kSpot = 64 * kKiB;
constexpr std::array kSpots = {
    1 * kMiB,    // the first partition of a disk whose table was wiped; VMFS
    2 * kMiB,    // VMFS of the second kind
    8 * kMiB,    // the first copy of ext's superblock, with blocks of 1 KiB,
    32 * kMiB,   // of 2 KiB,
    128 * kMiB,  // and of 4 KiB
    64 * kMiB,   // copies of btrfs's superblock
    256 * kGiB,
};

std::uint64_t AlignDown(std::uint64_t offset) { return offset / kReadAlignment * kReadAlignment; }

// XFS divides a disk into four at first, and each part begins with a copy of the superblock.
std::uint64_t SecondXfsGroup(std::uint64_t disk_size) {
  const std::uint64_t blocks = disk_size / kReadAlignment;
  return (blocks + 3) / 4 * kReadAlignment;
}

std::size_t FirstNonZero(absl::string_view bytes) {
  return std::min(bytes.find_first_not_of('\0'), bytes.size());
}

// memcmp runs through zeros far quicker than a search does.
bool IsZero(absl::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

std::vector<Region> ProofRegions(std::uint64_t disk_size) {
  if (disk_size <= 2 * kEdge) return {{0, disk_size}};
  const std::uint64_t tail = AlignDown(disk_size - kEdge);
  std::vector<std::uint64_t> spots(kSpots.begin(), kSpots.end());
  spots.push_back(SecondXfsGroup(disk_size));
  std::sort(spots.begin(), spots.end());

  std::vector<Region> regions = {{0, kEdge}};
  for (const std::uint64_t spot : spots) {
    const std::uint64_t begin = std::max(spot, regions.back().offset + regions.back().size);
    const std::uint64_t end = std::min(spot + kSpot, tail);
    if (begin < end) regions.push_back({begin, end - begin});
  }
  regions.push_back({tail, disk_size - tail});
  return regions;
}

absl::StatusOr<std::optional<std::uint64_t>> FindNonZero(const OpenedDevice& device) {
  ASSIGN_OR_RETURN(UncachedReader reader, UncachedReader::Open(device));
  for (const Region& region : ProofRegions(device.size())) {
    const std::uint64_t end = region.offset + region.size;
    for (std::uint64_t at = region.offset; at < end; at += kLargestRead) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kLargestRead, end - at));
      ASSIGN_OR_RETURN(const absl::string_view bytes, reader.Read(at, size));
      if (!IsZero(bytes)) return at + FirstNonZero(bytes);
    }
  }
  return std::nullopt;
}

}  // namespace nvmeof::mount
