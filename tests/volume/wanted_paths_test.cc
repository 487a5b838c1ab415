#include "volume/wanted_paths.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Target TargetOf(const std::vector<std::string>& addresses) {
  Target target{*Nqn::Parse("nqn.2026-01.dev.nvmeof:a"), {}, {}, 0};
  for (const std::string& address : addresses) target.portals.push_back({"tcp", address, "4420"});
  return target;
}

constexpr char kNode1[] = "nn-0x1000000000000001:pn-0x1000000000000011";
constexpr char kNode2[] = "nn-0x1000000000000002:pn-0x1000000000000012";

Target TargetOfPortals(const std::vector<std::string>& portals) {
  Target target = TargetOf({});
  for (const std::string& portal : portals) target.portals.push_back(*ParsePortal(portal));
  return target;
}

Target FcTarget() {
  return TargetOfPortals({"fc://nn-0x2000000000000001:pn-0x2000000000000011",
                          "fc://nn-0x2000000000000002:pn-0x2000000000000012"});
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

TEST(WantedPathsTest, FibreChannelMeetsPortsOfTheNodeOnly) {
  EXPECT_THAT(Wanted(FcTarget(), PolicyOf({{kNode1, ""}, {"192.0.2.9", ""}, {kNode2, ""}}, 2)),
              ElementsAre(absl::StrCat("nn-0x2000000000000001:pn-0x2000000000000011 ", kNode1),
                          absl::StrCat("nn-0x2000000000000002:pn-0x2000000000000012 ", kNode2)));
  EXPECT_THAT(Wanted(FcTarget(), PolicyOf({})), IsEmpty());
}

TEST(WantedPathsTest, TransportsAreMixedSoThatACutKeepsBoth) {
  const Target target =
      TargetOfPortals({"192.0.2.1", "192.0.2.2", "rdma://192.0.2.1", "rdma://192.0.2.2"});
  std::vector<std::string> texts;
  for (const Path& path : WantedPaths(target, PolicyOf({{"192.0.2.9", ""}}, 3))) {
    texts.push_back(Describe(path));
  }
  EXPECT_THAT(texts,
              ElementsAre("192.0.2.1:4420 from 192.0.2.9", "rdma://192.0.2.1:4420 from 192.0.2.9",
                          "192.0.2.2:4420 from 192.0.2.9"));
}

TEST(WantedPathsTest, TheKernelChoosesWhereNoHostSideIsForTheTransport) {
  Target target = TargetOfPortals({"tcp://192.0.2.1", "rdma://192.0.2.2"});
  EXPECT_THAT(Wanted(target, PolicyOf({{"", "eth1"}, {"192.0.2.9", "eth2"}})),
              ElementsAre("192.0.2.1 eth1", "192.0.2.2 ", "192.0.2.1 192.0.2.9eth2"));
  target.portals.push_back(FcTarget().portals.front());
  EXPECT_THAT(Wanted(target, PolicyOf({{kNode1, ""}})),
              ElementsAre("192.0.2.1 ", "192.0.2.2 ",
                          absl::StrCat("nn-0x2000000000000001:pn-0x2000000000000011 ", kNode1)));
}

absl::Status Check(const std::vector<std::string>& portals, const AttachPolicy& policy) {
  return CheckTransports(TargetOfPortals(portals), policy);
}

TEST(CheckTransportsTest, TakesWhatEachTransportHas) {
  AttachPolicy digests = PolicyOf({{"", "eth1"}});
  digests.connect.hdr_digest = true;
  digests.connect.data_digest = true;
  EXPECT_OK(Check({"192.0.2.1"}, digests));
  EXPECT_OK(Check({"192.0.2.1", "rdma://192.0.2.1"}, PolicyOf({{"", "eth1"}})));
  EXPECT_OK(Check({"rdma://192.0.2.1"}, PolicyOf({{"192.0.2.9", ""}})));
  EXPECT_OK(CheckTransports(FcTarget(), PolicyOf({{kNode1, ""}})));
}

TEST(CheckTransportsTest, NamesKeyAndValueOfWhatATransportRefuses) {
  const auto refuses = [](const std::string& key, const std::string& value,
                          const std::string& why) {
    return StatusIs(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("parameter " + key + ": \"" + value + "\""), HasSubstr(why)));
  };
  AttachPolicy policy;
  policy.connect.data_digest = true;
  EXPECT_THAT(Check({"192.0.2.1", "rdma://192.0.2.2"}, policy),
              refuses("dataDigest", "true", "rdma://192.0.2.2:4420"));
  policy.connect.hdr_digest = true;
  EXPECT_THAT(Check({"rdma://192.0.2.2"}, policy), refuses("hdrDigest", "true", "tcp only"));
  EXPECT_THAT(Check({"rdma://192.0.2.2"}, PolicyOf({{"", "eth1"}})),
              refuses("hostIface", "eth1", "tcp only"));
  EXPECT_THAT(Check({"192.0.2.1"}, PolicyOf({{kNode1, ""}})),
              refuses("hostTraddr", kNode1, "no portal of the volume is of fc"));
  EXPECT_THAT(CheckTransports(FcTarget(), PolicyOf({{kNode1, ""}, {"192.0.2.9", ""}})),
              refuses("hostTraddr", "192.0.2.9", "all portals of the volume are of fc"));
}

TEST(CheckTransportsTest, FibreChannelNeedsAPortOfTheNode) {
  EXPECT_THAT(CheckTransports(FcTarget(), AttachPolicy()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("parameter hostTraddr: it must name a Fibre Channel port")));
}

}  // namespace
}  // namespace nvmeof::volume
