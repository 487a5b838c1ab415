#include "base/log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

using ::testing::MatchesRegex;

constexpr absl::string_view kTime = "[0-9-]+T[0-9:]+[.][0-9]{3}Z";

std::string Printed(Level level) {
  ::testing::internal::CaptureStderr();
  Log(level, "mounted", {{"path", "/a b"}});
  return ::testing::internal::GetCapturedStderr();
}

std::string Pattern(const char* head, const char* tail) { return head + std::string(kTime) + tail; }

TEST(LogTest, PrintsTextWithTimeAndLevel) {
  StartLog(Level::kInfo, LogFormat::kText);
  EXPECT_THAT(Printed(Level::kInfo), MatchesRegex(Pattern("", " INFO mounted path=\"/a b\"\n")));
  EXPECT_THAT(Printed(Level::kError), MatchesRegex(Pattern("", " ERROR mounted path=\"/a b\"\n")));
}

TEST(LogTest, PrintsJson) {
  StartLog(Level::kInfo, LogFormat::kJson);
  EXPECT_THAT(Printed(Level::kWarning),
              MatchesRegex(Pattern("[{]\"time\":\"",
                                   "\",\"level\":\"warning\",\"event\":\"mounted\","
                                   "\"path\":\"/a b\"[}]\n")));
}

TEST(LogTest, LeavesOutWhatIsBelowTheLevel) {
  StartLog(Level::kWarning, LogFormat::kText);
  EXPECT_EQ(Printed(Level::kDebug), "");
  EXPECT_EQ(Printed(Level::kInfo), "");
  EXPECT_NE(Printed(Level::kWarning), "");
  StartLog(Level::kDebug, LogFormat::kText);
  EXPECT_NE(Printed(Level::kDebug), "");
}

TEST(LogTest, BracesAreNoFormatDirectives) {
  StartLog(Level::kInfo, LogFormat::kText);
  ::testing::internal::CaptureStderr();
  Log(Level::kInfo, "e", {{"k", "{}%v"}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), MatchesRegex(".* k=[{][}]%v\n"));
}

}  // namespace
}  // namespace nvmeof::base
