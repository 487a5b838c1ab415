#include "nvme/topology.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/nvme/tcp_paths.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::PathTo;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct StateCase {
  absl::string_view text;
  ControllerState state;
  absl::string_view name;
};

class ControllerStateTest : public ::testing::TestWithParam<StateCase> {};

TEST_P(ControllerStateTest, IsReadFromSysfs) {
  EXPECT_EQ(ParseControllerState(GetParam().text), GetParam().state);
  EXPECT_EQ(Name(GetParam().state), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ControllerStateTest,
    ::testing::Values(StateCase{"new", ControllerState::kNew, "new"},
                      StateCase{"live", ControllerState::kLive, "live"},
                      StateCase{"resetting", ControllerState::kResetting, "resetting"},
                      StateCase{"connecting", ControllerState::kConnecting, "connecting"},
                      StateCase{"deleting", ControllerState::kDeleting, "deleting"},
                      StateCase{"deleting (no IO)", ControllerState::kDeleting, "deleting"},
                      StateCase{"dead", ControllerState::kDead, "dead"},
                      StateCase{"", ControllerState::kUnknown, "unknown"},
                      StateCase{"unknown state", ControllerState::kUnknown, "unknown"}));

Subsystem With(std::vector<Controller> controllers) {
  Subsystem subsystem;
  subsystem.controllers = std::move(controllers);
  return subsystem;
}

TEST(MissingPathsTest, AreAllOfThemWithoutControllersInTheWantedOrder) {
  const std::vector<volume::Path> wanted = {PathTo("192.0.2.2"), PathTo("192.0.2.1")};
  EXPECT_EQ(MissingPaths(Subsystem(), wanted), wanted);
}

TEST(MissingPathsTest, AnotherHostSideOrPortIsAnotherPath) {
  const Subsystem subsystem =
      With({{"nvme0", ControllerState::kLive, PathTo("192.0.2.1", "192.0.2.9"), ""},
            {"nvme1", ControllerState::kLive, PathTo("192.0.2.1", "", "eth1"), ""},
            {"nvme2", ControllerState::kLive, {{"tcp", "192.0.2.1", "4421"}, {}}, ""}});
  EXPECT_THAT(MissingPaths(subsystem, {PathTo("192.0.2.1")}), ElementsAre(PathTo("192.0.2.1")));
  EXPECT_THAT(MissingPaths(subsystem, {PathTo("192.0.2.1", "192.0.2.9")}), IsEmpty());
}

struct ServesCase {
  ControllerState state;
  bool missing;
  int live;
};

class ControllerServesTest : public ::testing::TestWithParam<ServesCase> {};

TEST_P(ControllerServesTest, DependsOnItsState) {
  const Subsystem subsystem = With({{"nvme0", GetParam().state, PathTo("192.0.2.1"), ""}});
  EXPECT_EQ(MissingPaths(subsystem, {PathTo("192.0.2.1")}).size(), GetParam().missing ? 1u : 0u);
  EXPECT_EQ(LivePaths(subsystem, {PathTo("192.0.2.1")}), GetParam().live);
}

INSTANTIATE_TEST_SUITE_P(Table, ControllerServesTest,
                         ::testing::Values(ServesCase{ControllerState::kNew, false, 0},
                                           ServesCase{ControllerState::kLive, false, 1},
                                           ServesCase{ControllerState::kResetting, false, 0},
                                           ServesCase{ControllerState::kConnecting, false, 0},
                                           ServesCase{ControllerState::kDeleting, true, 0},
                                           ServesCase{ControllerState::kDead, true, 0},
                                           ServesCase{ControllerState::kUnknown, false, 0}));

TEST(IsServedTest, NeedsALiveControllerThatTakesIo) {
  Subsystem subsystem = With({{"nvme0", ControllerState::kLive, PathTo("192.0.2.1"), "", {1}, {2}},
                              {"nvme1", ControllerState::kConnecting, PathTo("192.0.2.2"), "", {3}},
                              {"nvme2", ControllerState::kLive, PathTo("192.0.2.3"), ""}});
  EXPECT_TRUE(IsServed(subsystem, 1));
  EXPECT_FALSE(IsServed(subsystem, 2)) << "closed";
  EXPECT_FALSE(IsServed(subsystem, 3)) << "not live";
  EXPECT_FALSE(IsServed(subsystem, 4)) << "no path disk";
}

TEST(LivePathsTest, CountsWantedPathsAndNotControllers) {
  const Subsystem subsystem = With({{"nvme0", ControllerState::kLive, PathTo("192.0.2.1"), ""},
                                    {"nvme1", ControllerState::kLive, PathTo("192.0.2.1"), ""},
                                    {"nvme2", ControllerState::kLive, PathTo("192.0.2.7"), ""}});
  EXPECT_EQ(LivePaths(subsystem, {PathTo("192.0.2.1"), PathTo("192.0.2.2")}), 1);
}

const volume::Uuid kUuid = *volume::Uuid::Parse("aaaaaaaa-1111-4222-8333-444455556666");
const volume::Uuid kNguid = *volume::Uuid::Parse("bbbbbbbb-1111-4222-8333-444455556666");
const volume::Uuid kOther = *volume::Uuid::Parse("cccccccc-1111-4222-8333-444455556666");
constexpr auto kNone = std::nullopt;

struct IdentityCase {
  std::string what;
  std::vector<volume::NamespaceIdentity> shown;  // NSID, UUID and NGUID of each namespace
  volume::NamespaceIdentity wanted;
  Identity identity;
  std::optional<std::uint32_t> found;  // its NSID
};

void PrintTo(const IdentityCase& c, std::ostream* out) { *out << c.what; }

class FindNamespaceTest : public ::testing::TestWithParam<IdentityCase> {};

TEST_P(FindNamespaceTest, JudgesWhatIsShown) {
  Subsystem subsystem;
  for (const volume::NamespaceIdentity& shown : GetParam().shown) {
    Namespace& ns = subsystem.namespaces.emplace_back();
    ns.nsid = *shown.nsid;
    ns.uuid = shown.uuid;
    ns.nguid = shown.nguid;
  }
  const NamespaceMatch match = FindNamespace(subsystem, GetParam().wanted);
  EXPECT_EQ(match.identity, GetParam().identity);
  ASSERT_EQ(match.found.has_value(), GetParam().found.has_value());
  EXPECT_EQ(match.found.value_or(Namespace()).nsid, GetParam().found.value_or(0));
}

INSTANTIATE_TEST_SUITE_P(
    Table, FindNamespaceTest,
    ::testing::Values(
        IdentityCase{"nothing shown", {}, {kUuid, kNguid, 1}, Identity::kAbsent, kNone},
        IdentityCase{"all agree", {{kUuid, kNguid, 1}}, {kUuid, kNguid, 1}, Identity::kMatch, 1},
        IdentityCase{"UUID alone is wanted",
                     {{kUuid, kNguid, 9}},
                     {kUuid, kNone, kNone},
                     Identity::kMatch,
                     9},
        IdentityCase{"NGUID alone is wanted",
                     {{kUuid, kNguid, 9}},
                     {kNone, kNguid, kNone},
                     Identity::kMatch,
                     9},
        IdentityCase{
            "NSID alone is wanted", {{kUuid, kNguid, 9}}, {kNone, kNone, 9}, Identity::kMatch, 9},
        IdentityCase{"among several, by UUID",
                     {{kOther, kNone, 1}, {kUuid, kNone, 2}},
                     {kUuid, kNone, kNone},
                     Identity::kMatch,
                     2},
        IdentityCase{"among several, none",
                     {{kOther, kNone, 1}, {kNguid, kNone, 2}},
                     {kUuid, kNone, kNone},
                     Identity::kAbsent,
                     kNone},
        IdentityCase{"another NSID, no namespace at ours",
                     {{kOther, kNone, 2}},
                     {kUuid, kNone, 1},
                     Identity::kAbsent,
                     kNone},
        IdentityCase{"our NSID with another UUID",
                     {{kOther, kNone, 1}},
                     {kUuid, kNone, 1},
                     Identity::kWrong,
                     1},
        IdentityCase{"our NSID with another NGUID",
                     {{kNone, kOther, 1}},
                     {kNone, kNguid, 1},
                     Identity::kWrong,
                     1},
        IdentityCase{"our UUID with another NGUID",
                     {{kUuid, kOther, 1}},
                     {kUuid, kNguid, 1},
                     Identity::kWrong,
                     1},
        IdentityCase{"our UUID at another NSID",
                     {{kUuid, kNone, 2}},
                     {kUuid, kNone, 1},
                     Identity::kWrong,
                     2},
        IdentityCase{"the only namespace is another",
                     {{kOther, kNone, 5}},
                     {kUuid, kNone, kNone},
                     Identity::kWrong,
                     5},
        IdentityCase{"no UUID shown, NGUID proves",
                     {{kNone, kNguid, 1}},
                     {kUuid, kNguid, 1},
                     Identity::kMatch,
                     1},
        IdentityCase{
            "an NSID proves no UUID", {{kNone, kNone, 1}}, {kUuid, kNone, 1}, Identity::kWrong, 1},
        IdentityCase{"nothing is wanted",
                     {{kUuid, kNguid, 1}},
                     {kNone, kNone, kNone},
                     Identity::kWrong,
                     1}));

}  // namespace
}  // namespace nvmeof::nvme
