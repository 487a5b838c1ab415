#include "volume/size.h"

#include <limits>
#include <vector>

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

TEST(ChooseSizeTest, MeetsTheRange) {
  const std::vector<GoodRow> rows = {
      {{0, 0}, 100},   {{1, 0}, 30},   {{30, 0}, 30},     {{31, 0}, 40},       {{40, 0}, 40},
      {{41, 50}, 50},  {{50, 50}, 50}, {{1000, 0}, 1000}, {{991, 1000}, 1000}, {{0, 1000}, 100},
      {{0, 100}, 100}, {{0, 99}, 90},  {{0, 30}, 30},     {{0, kMost}, 100}};
  for (const GoodRow& row : rows) {
    SCOPED_TRACE(row.size);
    EXPECT_THAT(ChooseSize(row.range, kRules), IsOkAndHolds(row.size));
    EXPECT_TRUE(Fits(row.size, row.range));
  }
}

struct BadRange {
  SizeRange range;
  absl::StatusCode code;
};

TEST(RefuseSizeTest, WhatCannotBeMet) {
  const std::vector<BadRange> rows = {
      {{50, 40}, absl::StatusCode::kOutOfRange},     {{41, 49}, absl::StatusCode::kOutOfRange},
      {{1, 29}, absl::StatusCode::kOutOfRange},      {{0, 29}, absl::StatusCode::kOutOfRange},
      {{1001, 0}, absl::StatusCode::kOutOfRange},    {{kMost, 0}, absl::StatusCode::kOutOfRange},
      {{-1, 0}, absl::StatusCode::kInvalidArgument}, {{0, -1}, absl::StatusCode::kInvalidArgument}};
  for (const BadRange& row : rows) {
    SCOPED_TRACE(row.range.required_bytes);
    EXPECT_THAT(ChooseSize(row.range, kRules), StatusIs(row.code));
  }
}

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
