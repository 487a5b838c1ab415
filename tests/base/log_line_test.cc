#include "base/log_line.h"

#include <limits>

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

TEST(FormatTextTest, WritesPlainValuesAsTheyAre) {
  EXPECT_EQ(FormatText("connected", {{"nqn", "nqn.2026-01.dev.nvmeof:a"}, {"ms", 41}}),
            "connected nqn=nqn.2026-01.dev.nvmeof:a ms=41");
}

TEST(FormatTextTest, WritesEachKindOfValue) {
  EXPECT_EQ(FormatText("e", {{"t", true}, {"f", false}, {"i", -3}, {"d", 0.25}}),
            "e t=true f=false i=-3 d=0.25");
}

struct Row {
  std::string value;
  std::string line;
};

class FormatTextValueTest : public ::testing::TestWithParam<Row> {};

TEST_P(FormatTextValueTest, QuotesWhatCouldBeMistaken) {
  EXPECT_EQ(FormatText("e", {{"k", GetParam().value}}), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(Values, FormatTextValueTest,
                         ::testing::Values(Row{"", R"(e k="")"}, Row{"a b", R"(e k="a b")"},
                                           Row{"a=b", R"(e k="a=b")"},
                                           Row{R"(a"b)", R"(e k="a\"b")"},
                                           Row{"a\nERROR forged", R"(e k="a\nERROR forged")"},
                                           Row{"\x1B[2J", R"(e k="\u001b[2J")"},
                                           Row{"\xC3\xA4", "e k=\xC3\xA4"},
                                           Row{"\xFF", "e k=\"\xEF\xBF\xBD\""}));

TEST(FormatJsonTest, WritesOneObject) {
  EXPECT_EQ(FormatJson("info", "2026-01-02T03:04:05.678Z", "connected",
                       {{"nqn", "nqn.x"}, {"ms", 41}, {"ok", true}, {"ratio", 1.5}}),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"connected",)"
            R"("nqn":"nqn.x","ms":41,"ok":true,"ratio":1.5})");
}

TEST(FormatJsonTest, EscapesKeysAndValues) {
  EXPECT_EQ(FormatJson("info", "t", "e", {{"a\"b", "c\nd\xFF"}}),
            "{\"time\":\"t\",\"level\":\"info\",\"event\":\"e\",\"a\\\"b\":\"c\\nd\xEF\xBF\xBD\"}");
}

TEST(FormatJsonTest, ANumberThatJsonLacksIsNull) {
  EXPECT_EQ(FormatJson("info", "t", "e",
                       {{"a", std::numeric_limits<double>::infinity()},
                        {"b", std::numeric_limits<double>::quiet_NaN()}}),
            R"({"time":"t","level":"info","event":"e","a":null,"b":null})");
}

}  // namespace
}  // namespace nvmeof::base
