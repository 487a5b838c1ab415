#include "mount/xfs.h"

#include "gtest/gtest.h"

namespace nvmeof::mount {
namespace {

TEST(XfsTest, GrowsToTheWholeDiskButForATinyLastGroup) {
  constexpr std::uint64_t kGroup = 19200;
  const auto possible = [](std::uint64_t blocks) {
    return PossibleXfsBlocks(4096, kGroup, blocks * 4096);
  };
  EXPECT_EQ(possible(4 * kGroup), 4u * kGroup);
  EXPECT_EQ(possible(4 * kGroup + 63), 4u * kGroup);
  EXPECT_EQ(possible(4 * kGroup + 64), 4u * kGroup + 64);
  EXPECT_EQ(PossibleXfsBlocks(4096, kGroup, 4ull * kGroup * 4096 + 512), 4u * kGroup);
}

}  // namespace
}  // namespace nvmeof::mount
