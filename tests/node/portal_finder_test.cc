#include "node/portal_finder.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_discovery.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::node {
namespace {

using ::nvmeof::testing::FakeClock;
using ::nvmeof::testing::FakeDiscovery;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

volume::Portal At(int host, const std::string& service = "4420") {
  return {"tcp", absl::StrCat("192.0.2.", host), service};
}

class PortalFinderTest : public ::testing::Test {
 protected:
  absl::StatusOr<FoundPortals> Find(const std::vector<volume::Portal>& discovery,
                                    const std::vector<volume::Portal>& portals = {},
                                    const volume::AttachPolicy& policy = {}) {
    const volume::Target target{subsystem_, {std::nullopt, std::nullopt, 1}, portals, 0, discovery};
    return finder_.Find(target, policy, clock_.Now() + absl::Minutes(1));
  }

  const volume::Nqn subsystem_ = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:a");
  const volume::Nqn other_ = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:b");
  const nvme::HostIdentity host_{*volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:host"),
                                 "0a1b2c3d-0000-4000-8000-000000000001"};
  FakeClock clock_;
  FakeDiscovery discovery_;
  base::Workers workers_{clock_, 8};
  PortalFinder finder_{discovery_, host_, workers_, clock_};
};

TEST_F(PortalFinderTest, FindsEachPortalOnceBehindThoseByHand) {
  discovery_.Know(At(1, "8009"), subsystem_, {At(3), At(2), At(3), At(9)});
  discovery_.Know(At(2, "8009"), subsystem_, {At(2), At(4)});
  const auto found = Find({At(1, "8009"), At(2, "8009")}, {At(9)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, ElementsAre(At(9), At(3), At(2), At(4)));
  EXPECT_THAT(found->unread, IsEmpty());
}

TEST_F(PortalFinderTest, OtherSubsystemsAreNotTaken) {
  nvme::DiscoveryLog log;
  log.entries = {{nvme::DiscoveryKind::kSubsystem, other_.text(), At(1)},
                 {nvme::DiscoveryKind::kItself, subsystem_.text(), At(2)},
                 {nvme::DiscoveryKind::kSubsystem, subsystem_.text(), std::nullopt},
                 {nvme::DiscoveryKind::kSubsystem, subsystem_.text(), At(3)}};
  discovery_.Answer(At(1), log);
  const auto found = Find({At(1)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, ElementsAre(At(3)));
  EXPECT_THAT(discovery_.asked(), SizeIs(1)) << "a way to itself is not followed";
}

TEST_F(PortalFinderTest, ReferralsAreFollowedAndEachControllerIsAskedOnce) {
  discovery_.Know(At(1), other_, {At(1)}, {At(2), At(3)});
  discovery_.Know(At(2), other_, {At(2)}, {At(1), At(3), At(2)});
  discovery_.Know(At(3), subsystem_, {At(3)}, {At(1)});
  const auto found = Find({At(1)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, ElementsAre(At(3)));
  EXPECT_THAT(discovery_.asked(),
              UnorderedElementsAre("192.0.2.1:4420", "192.0.2.2:4420", "192.0.2.3:4420"));
}

TEST_F(PortalFinderTest, AnEndlessChainOfReferralsIsCut) {
  for (int i = 1; i < 100; ++i) discovery_.Know(At(i), subsystem_, {At(i)}, {At(i + 1)});
  const auto found = Find({At(1)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, SizeIs(32));
  EXPECT_THAT(discovery_.asked(), SizeIs(32));
  EXPECT_THAT(found->unread, ElementsAre(HasSubstr("more than 32 discovery controllers")));
}

TEST_F(PortalFinderTest, TooManyPortalsAreRefused) {
  std::vector<volume::Portal> many;
  for (int i = 1; i <= 257; ++i) many.push_back(At(1, absl::StrCat(i)));
  discovery_.Know(At(1), subsystem_, many);
  EXPECT_THAT(Find({At(1)}), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("257")));
}

TEST_F(PortalFinderTest, OneThatDoesNotAnswerDoesNotFailTheOthers) {
  discovery_.Know(At(2), subsystem_, {At(2)});
  const auto found = Find({At(1), At(2)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, ElementsAre(At(2)));
  EXPECT_THAT(found->unread, ElementsAre("192.0.2.1:4420: Connection refused"));
}

TEST_F(PortalFinderTest, PortalsByHandNeedNoDiscovery) {
  const auto found = Find({At(1)}, {At(2)});
  ASSERT_OK(found);
  EXPECT_THAT(found->portals, ElementsAre(At(2)));
  EXPECT_THAT(found->unread, SizeIs(1));
}

TEST_F(PortalFinderTest, AControllerIsAskedFromEachHostSideUntilItAnswers) {
  discovery_.Know(At(1), subsystem_, {At(1)});
  volume::AttachPolicy policy;
  policy.host_sides = {{"", "eth1"}, {"", "eth2"}, {"", "eth3"}};
  policy.max_paths = 1;
  discovery_.Cut({"", "eth1"});
  EXPECT_OK(Find({At(1)}, {}, policy));
  EXPECT_THAT(discovery_.asked(),
              ElementsAre("192.0.2.1:4420 from %eth1", "192.0.2.1:4420 from %eth2"));
}

TEST_F(PortalFinderTest, AControllerOfAnotherFamilyThanEveryHostSideIsNamed) {
  volume::AttachPolicy policy;
  policy.host_sides = {{"2001:db8::9", ""}};
  EXPECT_THAT(Find({At(1)}, {}, policy),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("tcp://192.0.2.1:4420"), HasSubstr("IP family"))));
}

TEST_F(PortalFinderTest, ASubsystemThatNobodyKnowsIsNotFound) {
  discovery_.Know(At(1), other_, {At(1), At(2)});
  discovery_.Answer(
      At(2),
      nvme::DiscoveryLog{{{nvme::DiscoveryKind::kSubsystem, subsystem_.text(), std::nullopt}}});
  EXPECT_THAT(Find({At(1), At(2)}),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(subsystem_.text()),
                             HasSubstr("tcp://192.0.2.1:4420 names 2 ways to other subsystems"),
                             HasSubstr("none over TCP to this one"),
                             HasSubstr(absl::StrCat("allow host ", host_.nqn.text())))));
}

TEST_F(PortalFinderTest, WhereSomeDidNotAnswerAnotherTryMayHelp) {
  discovery_.Know(At(1), other_, {At(1)});
  EXPECT_THAT(Find({At(1), At(2)}),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("tcp://192.0.2.1:4420 names 1"),
                             HasSubstr("192.0.2.2:4420: Connection refused"))));
}

}  // namespace
}  // namespace nvmeof::node
