#include "backend/words.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace nvmeof::backend {
namespace {

TEST(WordsTest, DigestHasAFormOfItsOwn) {
  for (const std::string words : {"", "pvc-1", "größer", "#", "#abc"}) {
    EXPECT_FALSE(IsDigest(words)) << words;
    EXPECT_TRUE(IsDigest(DigestOf(words))) << DigestOf(words);
  }
}

// Volumes that exist carry these names: another digest of the same words would lose them.
TEST(WordsTest, DigestNeverChanges) {
  EXPECT_EQ(DigestOf(""), "#4oymiquy7qobjgx36tejs35zeq");
  EXPECT_EQ(DigestOf("pvc-1"), "#6kdi4gvhzk3gsul43h22wg3zk7");
}

TEST(WordsTest, DigestOfADigestIsItself) {
  EXPECT_EQ(DigestOf(DigestOf("pvc-1")), DigestOf("pvc-1"));
}

TEST(WordsTest, SameWordsKnowsWordsAndTheirDigest) {
  EXPECT_TRUE(SameWords("thin", "thin"));
  EXPECT_TRUE(SameWords(DigestOf("thin"), "thin"));
  EXPECT_FALSE(SameWords("thin", "thick"));
  EXPECT_FALSE(SameWords(DigestOf("thin"), "thick"));
  EXPECT_FALSE(SameWords("", "thin"));
}

TEST(WordsTest, DigestsOfSimilarWordsDiffer) {
  std::set<std::string> digests;
  for (int i = 0; i < 1000; ++i) digests.insert(DigestOf("pvc-" + std::to_string(i)));
  EXPECT_EQ(digests.size(), 1000);
}

}  // namespace
}  // namespace nvmeof::backend
