#include "node/troubles.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::node {
namespace {

using ::testing::Optional;

TEST(TroublesTest, TheLastOneOfEachVolumeIsKnown) {
  Troubles troubles;
  EXPECT_EQ(troubles.Of("a"), std::nullopt);
  troubles.Note("a", "first");
  troubles.Note("b", "other");
  troubles.Note("a", "last");
  EXPECT_THAT(troubles.Of("a"), Optional(std::string("last")));
  EXPECT_THAT(troubles.Of("b"), Optional(std::string("other")));
}

TEST(TroublesTest, ClearForgetsOneVolume) {
  Troubles troubles;
  troubles.Note("a", "one");
  troubles.Note("b", "two");
  troubles.Clear("a");
  troubles.Clear("never noted");
  EXPECT_EQ(troubles.Of("a"), std::nullopt);
  EXPECT_TRUE(troubles.Of("b").has_value());
}

TEST(TroublesTest, TheFirstGoesForANewVolume) {
  Troubles troubles;
  for (std::size_t i = 0; i < Troubles::kMost; ++i) troubles.Note(absl::StrCat("v", i), "x");
  troubles.Note("v0", "again, which makes it no newer");
  troubles.Clear("v5");
  troubles.Note("in the place of v5", "x");
  EXPECT_TRUE(troubles.Of("v0").has_value());
  troubles.Note("one too many", "x");
  EXPECT_EQ(troubles.Of("v0"), std::nullopt);
  EXPECT_TRUE(troubles.Of("v1").has_value());
  EXPECT_TRUE(troubles.Of("one too many").has_value());
}

}  // namespace
}  // namespace nvmeof::node
