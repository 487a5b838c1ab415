#include "volume/uuid.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr char kDashed[] = "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70";
constexpr char kHex[] = "4c0f7f2d9a5b4c3e8f1a2b3c4d5e6f70";

TEST(GoodUuidTest, HasOneSpellingInEachForm) {
  const std::vector<std::string> rows = {kDashed, kHex, "4C0F7F2D-9A5B-4C3E-8F1A-2B3C4D5E6F70",
                                         "4C0F7F2D9A5B4C3E8F1A2B3C4D5E6F70"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    const absl::StatusOr<Uuid> uuid = Uuid::Parse(row);
    ASSERT_OK(uuid);
    EXPECT_EQ(uuid->Dashed(), kDashed);
    EXPECT_EQ(uuid->Hex(), kHex);
    EXPECT_THAT(Uuid::Parse(uuid->Dashed()), IsOkAndHolds(*uuid));
  }
}

TEST(BadUuidTest, IsRefused) {
  const std::vector<std::string> rows = {"",
                                         "-",
                                         "----",
                                         "4c0f7f2d",
                                         "4c0f7f2d9a5b4c3e8f1a2b3c4d5e6f7",
                                         "4c0f7f2d9a5b4c3e8f1a2b3c4d5e6f701",
                                         "4c0f7f2d-9a5b-4c3e-8f1a2b3c4d5e6f70",
                                         "4c0f7f2d9-a5b-4c3e-8f1a-2b3c4d5e6f70",
                                         "{4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f70}",
                                         "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f7g",
                                         "4c0f7f2d-9a5b-4c3e-8f1a-2b3c4d5e6f7 ",
                                         "00000000-0000-0000-0000-000000000000",
                                         "00000000000000000000000000000000"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_THAT(Uuid::Parse(row), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(UuidTest, RandomOnesHaveVersion4AndDiffer) {
  const Uuid first = Uuid::Random();
  EXPECT_THAT(first.Dashed(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(first, Uuid::Random());
}

TEST(UuidTest, TheMessageNamesTheValueAndTheForm) {
  EXPECT_THAT(Uuid::Parse("zz\n"), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr(R"("zz\n" is not allowed: the form is 32)")));
}

}  // namespace
}  // namespace nvmeof::volume
