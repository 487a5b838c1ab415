#include "volume/accessibility.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace nvmeof::volume {
namespace {

const Segments kZoneA = {{"zone", "a"}};
const Segments kZoneB = {{"zone", "b"}};
const Segments kRackOfA = {{"zone", "a"}, {"rack", "1"}};

TEST(AccessibilityTest, NodesReachAPlaceWithTheirSegments) {
  EXPECT_TRUE(Reaches(kZoneA, kZoneA));
  EXPECT_TRUE(Reaches(kRackOfA, kZoneA));
  EXPECT_TRUE(Reaches(kZoneA, {}));
  EXPECT_TRUE(Reaches({}, {}));
  EXPECT_FALSE(Reaches(kZoneB, kZoneA));
  EXPECT_FALSE(Reaches(kZoneA, kRackOfA));
  EXPECT_FALSE(Reaches({}, kZoneA));
}

TEST(AccessibilityTest, OneOfTheRequisiteOnesIsEnough) {
  EXPECT_TRUE(IsAccessible(kZoneB, {.requisite = {kZoneA, kZoneB}}));
  EXPECT_FALSE(IsAccessible(kZoneB, {.requisite = {kZoneA}}));
  EXPECT_TRUE(IsAccessible(kZoneB, {}));
  EXPECT_TRUE(IsAccessible(kZoneB, {.preferred = {kZoneA}}));
}

TEST(AccessibilityTest, TheFirstOfThePreferredOnesIsTheBest) {
  const AccessibilityRequirement wanted = {.preferred = {kZoneB, kZoneA}};
  EXPECT_EQ(PreferenceOf(kZoneB, wanted), 0U);
  EXPECT_EQ(PreferenceOf(kZoneA, wanted), 1U);
  EXPECT_EQ(PreferenceOf({{"zone", "c"}}, wanted), 2U);
  EXPECT_EQ(PreferenceOf({}, wanted), 0U);
}

TEST(AccessibilityTest, IsDescribedInOrder) {
  EXPECT_EQ(DescribeSegments(kRackOfA), "{rack=1, zone=a}");
  EXPECT_EQ(DescribeSegments(Segments()), "{}");
  EXPECT_EQ(DescribeAlternatives({kZoneA, kZoneB}), "{zone=a} or {zone=b}");
}

TEST(AccessibilityTest, KnowsKeysAndValuesOfSegments) {
  const std::string longest(63, 'a');
  for (const std::string& key :
       {std::string("zone"), std::string("topology.kubernetes.io/zone"), longest,
        absl::StrCat(longest, "/", longest), std::string("Z_o.n-e")}) {
    EXPECT_TRUE(IsSegmentKey(key)) << key;
  }
  for (const std::string& key :
       {std::string(), std::string("/"), std::string("a/"), std::string("/a"), std::string("a/b/c"),
        absl::StrCat(longest, "a"), absl::StrCat(longest, "a/b"), std::string("-a"),
        std::string("a."), std::string("a b")}) {
    EXPECT_FALSE(IsSegmentKey(key)) << key;
  }
  EXPECT_TRUE(IsSegmentValue(longest));
  for (const std::string& value : {std::string(), absl::StrCat(longest, "a"), std::string("a/b"),
                                   std::string("a="), std::string("_a")}) {
    EXPECT_FALSE(IsSegmentValue(value)) << value;
  }
}

}  // namespace
}  // namespace nvmeof::volume
