#include "volume/size.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
// Small numbers, so that the rows can be read.
constexpr SizeRules kRules{
    .granularity_bytes = 10, .minimum_bytes = 30, .maximum_bytes = 1000, .default_bytes = 100};

struct GoodRow {
  SizeRange range;
  std::int64_t size;
};

class ChooseSizeTest : public ::testing::TestWithParam<GoodRow> {};

TEST_P(ChooseSizeTest, MeetsTheRange) {
  EXPECT_THAT(ChooseSize(GetParam().range, kRules), IsOkAndHolds(GetParam().size));
  EXPECT_TRUE(Fits(GetParam().size, GetParam().range));
}

INSTANTIATE_TEST_SUITE_P(Rows, ChooseSizeTest,
                         ::testing::Values(GoodRow{{0, 0}, 100}, GoodRow{{1, 0}, 30},
                                           GoodRow{{30, 0}, 30}, GoodRow{{31, 0}, 40},
                                           GoodRow{{40, 0}, 40}, GoodRow{{41, 50}, 50},
                                           GoodRow{{50, 50}, 50}, GoodRow{{1000, 0}, 1000},
                                           GoodRow{{991, 1000}, 1000}, GoodRow{{0, 1000}, 100},
                                           GoodRow{{0, 100}, 100}, GoodRow{{0, 99}, 90},
                                           GoodRow{{0, 30}, 30}, GoodRow{{0, kMost}, 100}));

struct BadRow {
  SizeRange range;
  absl::StatusCode code;
};

class RefuseSizeTest : public ::testing::TestWithParam<BadRow> {};

TEST_P(RefuseSizeTest, WhatCannotBeMet) {
  EXPECT_THAT(ChooseSize(GetParam().range, kRules), StatusIs(GetParam().code));
}

INSTANTIATE_TEST_SUITE_P(Rows, RefuseSizeTest,
                         ::testing::Values(BadRow{{50, 40}, absl::StatusCode::kOutOfRange},
                                           BadRow{{41, 49}, absl::StatusCode::kOutOfRange},
                                           BadRow{{1, 29}, absl::StatusCode::kOutOfRange},
                                           BadRow{{0, 29}, absl::StatusCode::kOutOfRange},
                                           BadRow{{1001, 0}, absl::StatusCode::kOutOfRange},
                                           BadRow{{kMost, 0}, absl::StatusCode::kOutOfRange},
                                           BadRow{{-1, 0}, absl::StatusCode::kInvalidArgument},
                                           BadRow{{0, -1}, absl::StatusCode::kInvalidArgument}));

TEST(ChooseSizeLimitTest, RoundingNeverPassesAnOddMaximum) {
  const SizeRules odd{
      .granularity_bytes = 10, .minimum_bytes = 30, .maximum_bytes = 995, .default_bytes = 100};
  EXPECT_THAT(ChooseSize({990, 0}, odd), IsOkAndHolds(990));
  EXPECT_THAT(ChooseSize({991, 0}, odd), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(ChooseSizeMessageTest, NamesWhatWasAskedAndWhatIsAllowed) {
  EXPECT_THAT(ChooseSize({41, 49}, kRules),
              StatusIs(absl::StatusCode::kOutOfRange,
                       AllOf(HasSubstr("required_bytes 41"), HasSubstr("limit_bytes 49"),
                             HasSubstr("multiples of 10 from 30 to 1000"))));
}

TEST(FitsTest, ComparesWithWhatIsGiven) {
  EXPECT_TRUE(Fits(40, {0, 0}));
  EXPECT_TRUE(Fits(40, {40, 40}));
  EXPECT_FALSE(Fits(40, {41, 0}));
  EXPECT_FALSE(Fits(40, {0, 39}));
}

}  // namespace
}  // namespace nvmeof::volume
