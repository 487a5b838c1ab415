#include "nvme/topology.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::nvme {
namespace {

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

volume::Path PathTo(const std::string& address, const std::string& host_address = "",
                    const std::string& host_interface = "") {
  return {{"tcp", address, "4420"}, {host_address, host_interface}};
}

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

TEST(LivePathsTest, CountsWantedPathsAndNotControllers) {
  const Subsystem subsystem = With({{"nvme0", ControllerState::kLive, PathTo("192.0.2.1"), ""},
                                    {"nvme1", ControllerState::kLive, PathTo("192.0.2.1"), ""},
                                    {"nvme2", ControllerState::kLive, PathTo("192.0.2.7"), ""}});
  EXPECT_EQ(LivePaths(subsystem, {PathTo("192.0.2.1"), PathTo("192.0.2.2")}), 1);
}

}  // namespace
}  // namespace nvmeof::nvme
