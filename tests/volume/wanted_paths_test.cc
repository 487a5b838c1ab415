#include "volume/wanted_paths.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::volume {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Target TargetOf(const std::vector<std::string>& addresses) {
  Target target{*Nqn::Parse("nqn.2026-01.dev.nvmeof:a"), {}, {}, 0};
  for (const std::string& address : addresses) target.portals.push_back({"tcp", address, "4420"});
  return target;
}

AttachPolicy PolicyOf(const std::vector<HostSide>& sides, int max_paths = 0) {
  AttachPolicy policy;
  policy.host_sides = sides;
  policy.max_paths = max_paths;
  return policy;
}

// "p1 h1" for the path from portal p1's to host side h1's address or interface.
std::vector<std::string> Wanted(const Target& target, const AttachPolicy& policy) {
  std::vector<std::string> texts;
  for (const Path& path : WantedPaths(target, policy)) {
    texts.push_back(absl::StrCat(path.portal.address, " ", path.host.address, path.host.interface));
  }
  return texts;
}

TEST(WantedPathsTest, WithoutHostSidesIsOnePerPortalInTheirOrder) {
  EXPECT_THAT(Wanted(TargetOf({"p2", "p1", "p3"}), PolicyOf({})), ElementsAre("p2 ", "p1 ", "p3 "));
}

TEST(WantedPathsTest, OnePortalMeetsEachHostSide) {
  EXPECT_THAT(Wanted(TargetOf({"p1"}), PolicyOf({{"h1", ""}, {"", "eth2"}})),
              ElementsAre("p1 h1", "p1 eth2"));
}

TEST(WantedPathsTest, NeighboursDifferInPortalAndHostSide) {
  EXPECT_THAT(Wanted(TargetOf({"p1", "p2"}), PolicyOf({{"h1", ""}, {"h2", ""}})),
              ElementsAre("p1 h1", "p2 h2", "p1 h2", "p2 h1"));
}

TEST(WantedPathsTest, ACutKeepsAllPortalsAndAllHostSides) {
  const std::vector<HostSide> sides = {{"h1", ""}, {"h2", ""}, {"h3", ""}, {"h4", ""}};
  EXPECT_THAT(Wanted(TargetOf({"p1", "p2"}), PolicyOf(sides, 4)),
              ElementsAre("p1 h1", "p2 h2", "p1 h3", "p2 h4"));
  EXPECT_THAT(Wanted(TargetOf({"p1", "p2", "p3"}), PolicyOf({{"h1", ""}, {"h2", ""}}, 3)),
              ElementsAre("p1 h1", "p2 h2", "p3 h1"));
}

TEST(WantedPathsTest, MeetsEachPairOnceWhateverTheNumbers) {
  for (std::size_t portals = 1; portals <= 6; ++portals) {
    for (std::size_t sides = 1; sides <= 6; ++sides) {
      Target target = TargetOf({});
      AttachPolicy policy;
      for (std::size_t i = 0; i < portals; ++i) target.portals.push_back({"tcp", absl::StrCat(i)});
      for (std::size_t i = 0; i < sides; ++i) policy.host_sides.push_back({absl::StrCat(i), ""});
      const std::vector<Path> paths = WantedPaths(target, policy);
      EXPECT_THAT(paths, SizeIs(portals * sides));
      EXPECT_THAT(std::set<Path>(paths.begin(), paths.end()), SizeIs(portals * sides));
    }
  }
}

TEST(WantedPathsTest, NeverPairsAddressesOfTwoFamilies) {
  const Target target = TargetOf({"192.0.2.1", "2001:db8::1"});
  EXPECT_THAT(Wanted(target, PolicyOf({{"192.0.2.9", ""}})), ElementsAre("192.0.2.1 192.0.2.9"));
  EXPECT_THAT(Wanted(target, PolicyOf({{"2001:db8::9", ""}, {"192.0.2.9", ""}})),
              ElementsAre("192.0.2.1 192.0.2.9", "2001:db8::1 2001:db8::9"));
  EXPECT_THAT(Wanted(target, PolicyOf({{"", "eth1"}})),
              ElementsAre("192.0.2.1 eth1", "2001:db8::1 eth1"));
}

TEST(WantedPathsTest, TheCutCountsOnlyPairsThatCanBe) {
  const Target target = TargetOf({"2001:db8::1", "192.0.2.1", "192.0.2.2"});
  EXPECT_THAT(Wanted(target, PolicyOf({{"192.0.2.9", ""}}, 2)),
              ElementsAre("192.0.2.1 192.0.2.9", "192.0.2.2 192.0.2.9"));
}

TEST(WantedPathsTest, NoPortalsNoPaths) {
  EXPECT_THAT(WantedPaths(TargetOf({}), PolicyOf({{"h1", ""}})), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::volume
