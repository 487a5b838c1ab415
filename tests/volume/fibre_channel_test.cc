#include "volume/fibre_channel.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;

TEST(FibreChannelTest, HasOneSpelling) {
  const std::vector<std::string> rows = {
      "nn-0x20000090fa942779:pn-0x20000090fa942780", "nn-0x20000090FA942779:pn-0x20000090FA942780",
      "nn-20000090fa942779:pn-20000090fa942780", "nn-0X20000090fa942779:pn-0x20000090fa942780"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_TRUE(IsFibreChannel(row));
    EXPECT_THAT(CanonicalFibreChannel(row),
                IsOkAndHolds("nn-0x20000090fa942779:pn-0x20000090fa942780"));
  }
}

TEST(FibreChannelTest, RefusesWhatNoPortHas) {
  const std::vector<std::string> rows = {"",
                                         "nn-0x20000090fa942779",
                                         "pn-0x20000090fa942780:nn-0x20000090fa942779",
                                         "nn-0x20000090fa94277:pn-0x20000090fa942780",
                                         "nn-0x20000090fa942779:pn-0x20000090fa9427800",
                                         "nn-0x20000090fa94277g:pn-0x20000090fa942780",
                                         "nn-0x20000090fa942779:pn-0x0000000000000000",
                                         "nn-0x20000090fa942779:pn-0x20000090fa942780,x=1",
                                         "nn-0x20000090fa942779:pn-0x20000090fa942780 ",
                                         "20:00:00:90:fa:94:27:79"};
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    EXPECT_THAT(CanonicalFibreChannel(row), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(FibreChannelTest, IsNoAddressOfTheInternet) {
  EXPECT_FALSE(IsFibreChannel("192.0.2.1"));
  EXPECT_FALSE(IsFibreChannel("2001:db8::1"));
  EXPECT_FALSE(IsFibreChannel(""));
}

}  // namespace
}  // namespace nvmeof::volume
