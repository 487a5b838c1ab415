#include "backend/routeros/routeros_names.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "backend/words.h"
#include "volume/nqn.h"

namespace nvmeof::backend {
namespace {

const volume::Uuid kVolume = *volume::Uuid::Parse("5f0c2a9e1f4b4b529d3e6b8f0d6a7c11");

TEST(RouterosNamesTest, SlotIsReadAgain) {
  EXPECT_EQ(FormatSlot(kVolume), "nvmeof-5f0c2a9e1f4b4b529d3e6b8f0d6a7c11");
  EXPECT_EQ(ParseSlot(FormatSlot(kVolume)), kVolume);
  EXPECT_TRUE(volume::Nqn::Parse(UsualNqn(kVolume)).ok());
}

TEST(RouterosNamesTest, SlotsOfOthersAreNotOurs) {
  const std::string ours = FormatSlot(kVolume);
  for (const std::string& other :
       {std::string("raid1"), std::string("nvmeof-"), ours + "0", ours.substr(1), "x" + ours,
        std::string("nvmeof-5F0C2A9E1F4B4B529D3E6B8F0D6A7C11"),
        std::string("nvmeof-00000000000000000000000000000000")}) {
    EXPECT_EQ(ParseSlot(other), std::nullopt) << other;
  }
}

TEST(RouterosNamesTest, FileIsReadAgainInAnyFolder) {
  const DiskFile file = {DigestOf("pvc-1"), kVolume};
  EXPECT_EQ(ParseDiskFile(FormatDiskFile(file)), file);
  EXPECT_EQ(ParseDiskFile("/raid1/" + FormatDiskFile(file)), file);
}

TEST(RouterosNamesTest, FilesOfOthersAreNotOurs) {
  const std::string ours = FormatDiskFile({DigestOf("pvc-1"), kVolume});
  for (const std::string& other : {std::string("raid1"), std::string(), ours + ".old", ours + "/x",
                                   "my-" + ours, "nvmeof-a-" + kVolume.Hex() + ".img"}) {
    EXPECT_EQ(ParseDiskFile(other), std::nullopt) << other;
  }
}

TEST(RouterosNamesTest, CommentIsReadAgain) {
  const DiskComment volume = {DigestOf("thin"), std::nullopt};
  const DiskComment exported = {DigestOf("thin"), DigestOf("rw")};
  EXPECT_EQ(ParseDiskComment(FormatDiskComment(volume)), volume);
  EXPECT_EQ(ParseDiskComment(FormatDiskComment(exported)), exported);
  for (const std::string& other :
       {std::string(), std::string("backup"), std::string("nvmeof-csi "),
        FormatDiskComment(volume) + " ", FormatDiskComment(volume) + " see ticket 7",
        FormatDiskComment(exported) + " x"}) {
    EXPECT_EQ(ParseDiskComment(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace nvmeof::backend
