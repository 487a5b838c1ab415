#include "backend/spdk/spdk_names.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

TEST(SpdkNamesTest, LvolNameFitsAndIsReadAgain) {
  const LvolName name = {DigestOf("pvc-1"), DigestOf("thin")};
  EXPECT_LE(FormatLvolName(name).size(), 63);
  EXPECT_EQ(ParseLvolName(FormatLvolName(name)), name);
}

TEST(SpdkNamesTest, NamesOfOthersAreNotOurs) {
  const std::string ours = FormatLvolName({DigestOf("a"), DigestOf("b")});
  for (const std::string& other :
       {std::string("lvol0"), std::string("nvmeof-"), std::string("nvmeof-a-b"), ours + "-c",
        ours.substr(0, ours.size() - 1), "x" + ours, ours + "x"}) {
    EXPECT_EQ(ParseLvolName(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace nvmeof::backend
