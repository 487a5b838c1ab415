#include "base/json.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

struct QuotedRow {
  std::string name;
  std::string text;
  std::string quoted;
};

const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD

TEST(QuoteJsonTest, GivesASafeString) {
  const std::vector<QuotedRow> rows = {
      {"Empty", "", R"("")"},
      {"Plain", "nvme0n1", R"("nvme0n1")"},
      {"QuotesAndBackslashes", R"(a"b\c)", R"("a\"b\\c")"},
      {"LineBreaks", "a\nb\r\tc", R"("a\nb\r\tc")"},
      {"Nul", std::string("a\0b", 3), R"("a\u0000b")"},
      {"Escape", "\x1B[2J", R"("\u001b[2J")"},
      {"Del", "\x7F", R"("\u007f")"},
      {"C1ControlOfTwoBytes", "\xC2\x9B", R"("\u009b")"},
      {"TwoBytes", "\xC3\xA4", "\"\xC3\xA4\""},
      {"ThreeBytes", "\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
      {"FourBytes", "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
      {"LargestCode", "\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""},
      {"LoneContinuation", "a\x80z", "\"a" + kBad + "z\""},
      {"LoneLead", "\xC3", "\"" + kBad + "\""},
      {"CutShort", "\xE2\x82z", "\"" + kBad + kBad + "z\""},
      {"OverlongSlash", "\xC0\xAF", "\"" + kBad + kBad + "\""},
      {"OverlongThreeBytes", "\xE0\x80\xAF", "\"" + kBad + kBad + kBad + "\""},
      {"Surrogate", "\xED\xA0\x80", "\"" + kBad + kBad + kBad + "\""},
      {"BeyondUnicode", "\xF4\x90\x80\x80", "\"" + kBad + kBad + kBad + kBad + "\""},
      {"NoSuchLead", "\xFF", "\"" + kBad + "\""}};
  for (const QuotedRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(QuoteJson(row.text), row.quoted);
  }
}

}  // namespace
}  // namespace nvmeof::base
