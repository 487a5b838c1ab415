#include "mount/xfs.h"

#include "gtest/gtest.h"

namespace nvmeof::mount {
namespace {

TEST(XfsTest, GrowsToTheWholeDiskButForATinyLastGroup) {
  constexpr std::uint64_t kGroupBlocks = 19200;
  const auto possible = [](std::uint64_t blocks) {
    return PossibleXfsBlocks(4096, kGroupBlocks, blocks * 4096);
  };
  EXPECT_EQ(possible(4 * kGroupBlocks), 4u * kGroupBlocks);
  EXPECT_EQ(possible(4 * kGroupBlocks + 63), 4u * kGroupBlocks);
  EXPECT_EQ(possible(4 * kGroupBlocks + 64), 4u * kGroupBlocks + 64);
  EXPECT_EQ(PossibleXfsBlocks(4096, kGroupBlocks, 4ull * kGroupBlocks * 4096 + 512),
            4u * kGroupBlocks);
}

}  // namespace
}  // namespace nvmeof::mount
