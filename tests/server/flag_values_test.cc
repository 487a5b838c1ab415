#include "server/flag_values.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::server {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;

constexpr absl::StatusCode kRefused = absl::StatusCode::kInvalidArgument;

TEST(TextTest, TakesAnythingButNothing) {
  std::string value = "before";
  EXPECT_THAT(Text(value)(""), StatusIs(kRefused));
  EXPECT_EQ(value, "before");
  EXPECT_OK(Text(value)("a b"));
  EXPECT_EQ(value, "a b");
}

TEST(AbsolutePathTest, RefusesRelativePaths) {
  std::string value;
  for (const char* text : {"", "state", "./state", "~/state"}) {
    EXPECT_THAT(AbsolutePath(value)(text), StatusIs(kRefused)) << text;
  }
  EXPECT_OK(AbsolutePath(value)("/var/lib/state"));
  EXPECT_EQ(value, "/var/lib/state");
}

TEST(WholeNumberTest, TakesTheBounds) {
  int value = -1;
  EXPECT_OK(WholeNumber(value, 0, 90)("0"));
  EXPECT_EQ(value, 0);
  EXPECT_OK(WholeNumber(value, 0, 90)("90"));
  EXPECT_EQ(value, 90);
}

TEST(WholeNumberTest, RefusesWhatIsOutsideOrNoNumber) {
  int value = 7;
  for (const char* text :
       {"", "-1", "91", "5%", " 5", "+5", "0x5", "5.0", "99999999999999999999"}) {
    EXPECT_THAT(WholeNumber(value, 0, 90)(text), StatusIs(kRefused)) << text;
  }
  EXPECT_EQ(value, 7);
}

TEST(DriverNameTest, FollowsTheSpecification) {
  std::string value;
  for (const std::string& text : {std::string("csi.nvmeof.dev"), std::string("a"),
                                  std::string("A-1.b"), std::string(63, 'x')}) {
    EXPECT_OK(DriverName(value)(text)) << text;
    EXPECT_EQ(value, text);
  }
  for (const std::string& text :
       {std::string(), std::string("-a"), std::string("a."), std::string("a_b"), std::string("a/b"),
        std::string("a b"), std::string(64, 'x')}) {
    EXPECT_THAT(DriverName(value)(text), StatusIs(kRefused)) << text;
  }
}

TEST(OrNothingTest, LeavesTheRestToTheOther) {
  std::string value = "/before";
  const Store store = OrNothing(AbsolutePath(value));
  EXPECT_OK(store(""));
  EXPECT_EQ(value, "/before");
  EXPECT_THAT(store("relative"), StatusIs(kRefused));
  EXPECT_OK(store("/after"));
  EXPECT_EQ(value, "/after");
}

TEST(OneOfTest, NamesTheChoices) {
  int value = 0;
  const Store store = OneOf<int>(value, {{"one", 1}, {"two", 2}});
  EXPECT_OK(store("two"));
  EXPECT_EQ(value, 2);
  EXPECT_THAT(store("Two"), StatusIs(kRefused, "must be one of one, two"));
  EXPECT_EQ(value, 2);
}

absl::StatusOr<int> ParseDigit(absl::string_view text) {
  if (text.size() != 1) return absl::InvalidArgumentError("must be a digit");
  return text[0] - '0';
}

TEST(ParsedTest, KeepsTheValueWhenTheTextIsBad) {
  int value = 3;
  EXPECT_THAT(Parsed(value, &ParseDigit)("10"), StatusIs(kRefused));
  EXPECT_EQ(value, 3);
  EXPECT_OK(Parsed(value, &ParseDigit)("4"));
  EXPECT_EQ(value, 4);
}

TEST(EachParsedTest, CollectsInOrderAndRefusesTheSameAgain) {
  std::vector<int> values;
  const Store store = EachParsed(values, &ParseDigit);
  EXPECT_OK(store("2"));
  EXPECT_OK(store("1"));
  EXPECT_THAT(store("2"), StatusIs(kRefused));
  EXPECT_THAT(store("no"), StatusIs(kRefused));
  EXPECT_THAT(values, ElementsAre(2, 1));
}

}  // namespace
}  // namespace nvmeof::server
