#include "base/json.h"

#include <string>

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

struct Row {
  std::string name;
  std::string text;
  std::string quoted;
};

class QuoteJsonTest : public ::testing::TestWithParam<Row> {};

TEST_P(QuoteJsonTest, GivesASafeString) {
  EXPECT_EQ(QuoteJson(GetParam().text), GetParam().quoted);
}

const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD

INSTANTIATE_TEST_SUITE_P(
    Texts, QuoteJsonTest,
    ::testing::Values(Row{"Empty", "", R"("")"}, Row{"Plain", "nvme0n1", R"("nvme0n1")"},
                      Row{"QuotesAndBackslashes", R"(a"b\c)", R"("a\"b\\c")"},
                      Row{"LineBreaks", "a\nb\r\tc", R"("a\nb\r\tc")"},
                      Row{"Nul", std::string("a\0b", 3), R"("a\u0000b")"},
                      Row{"Escape", "\x1B[2J", R"("\u001b[2J")"}, Row{"Del", "\x7F", R"("\u007f")"},
                      Row{"C1ControlOfTwoBytes", "\xC2\x9B", R"("\u009b")"},
                      Row{"TwoBytes", "\xC3\xA4", "\"\xC3\xA4\""},
                      Row{"ThreeBytes", "\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
                      Row{"FourBytes", "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
                      Row{"LargestCode", "\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""},
                      Row{"LoneContinuation", "a\x80z", "\"a" + kBad + "z\""},
                      Row{"LoneLead", "\xC3", "\"" + kBad + "\""},
                      Row{"CutShort", "\xE2\x82z", "\"" + kBad + kBad + "z\""},
                      Row{"OverlongSlash", "\xC0\xAF", "\"" + kBad + kBad + "\""},
                      Row{"OverlongThreeBytes", "\xE0\x80\xAF", "\"" + kBad + kBad + kBad + "\""},
                      Row{"Surrogate", "\xED\xA0\x80", "\"" + kBad + kBad + kBad + "\""},
                      Row{"BeyondUnicode", "\xF4\x90\x80\x80",
                          "\"" + kBad + kBad + kBad + kBad + "\""},
                      Row{"NoSuchLead", "\xFF", "\"" + kBad + "\""}),
    [](const ::testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace nvmeof::base
