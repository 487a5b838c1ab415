#include "base/log_line.h"

#include <limits>
#include <vector>

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

TEST(FormatTextValueTest, QuotesWhatCouldBeMistaken) {
  const std::vector<Row> rows = {{"", R"(e k="")"},
                                 {"a b", R"(e k="a b")"},
                                 {"a=b", R"(e k="a=b")"},
                                 {R"(a"b)", R"(e k="a\"b")"},
                                 {"a\nERROR forged", R"(e k="a\nERROR forged")"},
                                 {"\x1B[2J", R"(e k="\u001b[2J")"},
                                 {"\xC3\xA4", "e k=\xC3\xA4"},
                                 {"\xFF", "e k=\"\xEF\xBF\xBD\""}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.line);
    EXPECT_EQ(FormatText("e", {{"k", row.value}}), row.line);
  }
}

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
