#include "backend/ceph/ceph_names.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "backend/words.h"
#include "volume/nqn.h"

namespace nvmeof::backend {
namespace {

TEST(CephNamesTest, ImageNameFitsAndIsReadAgain) {
  const ImageName name = {volume::Uuid::Random(), DigestOf("pvc-1"), DigestOf("words")};
  EXPECT_LE(FormatImageName(name).size(), 95);
  EXPECT_EQ(FormatImageName(name).find('_'), std::string::npos) << "the gateway forbids it";
  EXPECT_EQ(ParseImageName(FormatImageName(name)), name);
}

TEST(CephNamesTest, ImagesOfOthersAreNotOurs) {
  const std::string ours = FormatImageName({volume::Uuid::Random(), DigestOf("a"), DigestOf("b")});
  for (const std::string& other :
       {std::string("csi-vol-1"), std::string("nvmeof-"), std::string("nvmeof-a-b-c"), ours + "-d",
        ours.substr(0, ours.size() - 1), "x" + ours, ours + "x"}) {
    EXPECT_EQ(ParseImageName(other), std::nullopt) << other;
  }
}

// Volumes that exist have these serial numbers: another one would let a name be taken twice.
TEST(CephNamesTest, SerialNeverChanges) {
  EXPECT_EQ(SerialOf("rbd", "pvc-1"), SerialOf("rbd", DigestOf("pvc-1")));
  EXPECT_EQ(SerialOf("rbd", "pvc-1"), "z5xeue3mcfrl2fvoyut7");
  EXPECT_NE(SerialOf("other", "pvc-1"), SerialOf("rbd", "pvc-1"));
  EXPECT_NE(SerialOf("rbd", "pvc-2"), SerialOf("rbd", "pvc-1"));
}

TEST(CephNamesTest, KnowsTheSubsystemsOfVolumes) {
  const volume::Uuid uuid = volume::Uuid::Random();
  const std::string nqn = volume::NqnOfVolume(uuid).text();
  EXPECT_EQ(VolumeOfNqn(nqn), uuid);
  for (const std::string& other : {nqn + ".group-1", nqn + "0",
                                   std::string("nqn.2014-08.org.nvmexpress:uuid:") + uuid.Dashed(),
                                   uuid.Hex(), std::string()}) {
    EXPECT_EQ(VolumeOfNqn(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace nvmeof::backend
