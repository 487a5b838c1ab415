#include "volume/parameters.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::volume {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::vector<HostSide> SidesOf(const StringMap& map) {
  const absl::StatusOr<Parameters> parameters = ParseParameters(map);
  EXPECT_OK(parameters);
  return parameters.ok() ? parameters->attach.host_sides : std::vector<HostSide>();
}

TEST(ParseParametersTest, FillsInTheDefaults) {
  Parameters expected;
  expected.attach.connect.ctrl_loss_tmo = absl::Seconds(1800);
  expected.attach.connect.reconnect_delay = absl::Seconds(5);
  expected.attach.connect.keep_alive_tmo = absl::Seconds(5);
  expected.attach.connect.nr_io_queues = 8;
  expected.attach.io_policy = IoPolicy::kQueueDepth;
  EXPECT_THAT(ParseParameters({}), IsOkAndHolds(expected));
}

TEST(ParseParametersTest, ReadsEveryKey) {
  Parameters expected;
  expected.backend = "fast";
  expected.provisioning = Provisioning::kThick;
  expected.attach.connect = {
      absl::Seconds(600), absl::Seconds(2), absl::Seconds(30), absl::Seconds(7), 4, 64, true, true};
  expected.attach.io_policy = IoPolicy::kNuma;
  expected.attach.min_paths = 2;
  expected.attach.max_paths = 4;
  expected.attach.host_sides = {{"192.0.2.9", "eth1"}};
  EXPECT_THAT(ParseParameters({{"backend", "fast"},
                               {"provisioning", "thick"},
                               {"ctrlLossTmo", "600"},
                               {"reconnectDelay", "2"},
                               {"fastIoFailTmo", "30"},
                               {"keepAliveTmo", "7"},
                               {"nrIoQueues", "4"},
                               {"queueSize", "64"},
                               {"hdrDigest", "true"},
                               {"dataDigest", "true"},
                               {"ioPolicy", "numa"},
                               {"minPaths", "2"},
                               {"maxPaths", "4"},
                               {"hostTraddr", "192.0.2.9"},
                               {"hostIface", "eth1"}}),
              IsOkAndHolds(expected));
}

TEST(ParseParametersTest, ADefaultGivesWayToWhatIsGiven) {
  const absl::StatusOr<Parameters> parameters = ParseParameters({{"ctrlLossTmo", "3"}});
  ASSERT_OK(parameters);
  EXPECT_EQ(parameters->attach.connect.reconnect_delay, absl::Seconds(3));
}

TEST(ParseParametersTest, HostSidesAreOnePerElementOrPairs) {
  EXPECT_THAT(SidesOf({{"hostTraddr", "192.0.2.9,2001:DB8::9"}}),
              ElementsAre(HostSide{"192.0.2.9", ""}, HostSide{"2001:db8::9", ""}));
  EXPECT_THAT(SidesOf({{"hostIface", "eth1,eth2"}}),
              ElementsAre(HostSide{"", "eth1"}, HostSide{"", "eth2"}));
  EXPECT_THAT(SidesOf({{"hostTraddr", "192.0.2.9,"}, {"hostIface", "eth1,eth2"}}),
              ElementsAre(HostSide{"192.0.2.9", "eth1"}, HostSide{"", "eth2"}));
  EXPECT_THAT(SidesOf({{"hostTraddr", "192.0.2.9,192.0.2.9"}, {"hostIface", ",eth2"}}),
              ElementsAre(HostSide{"192.0.2.9", ""}, HostSide{"192.0.2.9", "eth2"}));
}

TEST(ParseParametersTest, PassesOverTheKeysOfSidecars) {
  EXPECT_THAT(ParseParameters({{"csi.storage.k8s.io/pvc/name", "data"}}), IsOk());
}

TEST(ImpossibleTest, IsRefusedByControllerAndNode) {
  const std::vector<StringMap> rows = {
      StringMap{{"reconectDelay", "5"}},
      StringMap{{"", "5"}},
      StringMap{{"CtrlLossTmo", "5"}},
      StringMap{{"nrIoQueues", "0"}},
      StringMap{{"ctrlLossTmo", "10"}, {"reconnectDelay", "11"}},
      StringMap{{"ctrlLossTmo", "10"}, {"fastIoFailTmo", "10"}},
      StringMap{{"fastIoFailTmo", "1800"}},
      StringMap{{"minPaths", "3"}, {"maxPaths", "2"}},
      StringMap{{"hostTraddr", ""}},
      StringMap{{"hostIface", "eth1,"}},
      StringMap{{"hostTraddr", "192.0.2.9,192.0.2.9"}},
      StringMap{{"hostTraddr", "2001:db8::9,2001:DB8:0::9"}},
      StringMap{{"hostIface", "eth1,eth1"}},
      StringMap{{"hostTraddr", "192.0.2.9"}, {"hostIface", "eth1,eth2"}},
      StringMap{{"hostTraddr", "192.0.2.9,"}, {"hostIface", "eth1,"}},
      StringMap{{"hostTraddr", "nn-0x1000000000000001:pn-0x1000000000000011"},
                {"hostIface", "eth1"}}};
  for (const StringMap& row : rows) {
    SCOPED_TRACE(::testing::PrintToString(row));
    EXPECT_THAT(ParseParameters(row), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(DecodeVolumeContext(row), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(PossibleTest, ComesBackFromTheContext) {
  const std::vector<StringMap> rows = {
      StringMap{},
      StringMap{{"backend", "fast"}, {"provisioning", "thin"}},
      StringMap{{"ctrlLossTmo", "-1"}, {"reconnectDelay", "3600"}, {"fastIoFailTmo", "2592000"}},
      StringMap{{"ctrlLossTmo", "10"}, {"reconnectDelay", "10"}},
      StringMap{{"ctrlLossTmo", "10"}, {"fastIoFailTmo", "9"}},
      StringMap{{"minPaths", "2"}, {"maxPaths", "2"}},
      StringMap{{"minPaths", "64"}, {"maxPaths", "0"}},
      StringMap{{"hdrDigest", "true"}, {"dataDigest", "true"}},
      StringMap{{"ioPolicy", "round-robin"}, {"queueSize", "1024"}},
      StringMap{{"hostTraddr", "192.0.2.9,"}, {"hostIface", ",eth2"}},
      StringMap{{"hostTraddr", "192.0.2.9,nn-0x1000000000000001:pn-0x1000000000000011"}}};
  for (const StringMap& row : rows) {
    SCOPED_TRACE(::testing::PrintToString(row));
    const absl::StatusOr<Parameters> parameters = ParseParameters(row);
    ASSERT_OK(parameters);
    EXPECT_THAT(DecodeVolumeContext(EncodeVolumeContext(*parameters)),
                IsOkAndHolds(parameters->attach));
  }
}

TEST(EncodeVolumeContextTest, SpellsTheWholePolicySoThatLaterDefaultsDoNotChangeIt) {
  const absl::StatusOr<Parameters> parameters =
      ParseParameters({{"backend", "fast"}, {"hostIface", "eth1,eth2"}});
  ASSERT_OK(parameters);
  EXPECT_THAT(
      EncodeVolumeContext(*parameters),
      ElementsAre(Pair("ctrlLossTmo", "1800"), Pair("dataDigest", "false"),
                  Pair("hdrDigest", "false"), Pair("hostIface", "eth1,eth2"),
                  Pair("ioPolicy", "queue-depth"), Pair("keepAliveTmo", "5"), Pair("maxPaths", "0"),
                  Pair("minPaths", "1"), Pair("nrIoQueues", "8"), Pair("reconnectDelay", "5")));
}

TEST(DecodeVolumeContextTest, PassesOverWhatOthersAddAndWhatOnlyCreateVolumeReads) {
  const absl::StatusOr<AttachPolicy> defaults = DecodeVolumeContext({});
  ASSERT_OK(defaults);
  EXPECT_THAT(DecodeVolumeContext({{"csi.storage.k8s.io/ephemeral", "false"},
                                   {"nqn", "nqn.2026-01.dev.nvmeof:a"},
                                   {"storage.kubernetes.io/csiProvisionerIdentity", "1-csi"},
                                   {"backend", "Not A Name"},
                                   {"provisioning", "thin"}}),
              IsOkAndHolds(*defaults));
}

TEST(DecodeVolumeContextTest, RefusesABadValue) {
  EXPECT_THAT(DecodeVolumeContext({{"minPaths", "none"}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParametersMessageTest, NamesKeyValueAndWhatIsAllowed) {
  EXPECT_THAT(ParseParameters({{"ctrlLossTmo", "1h"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "parameter ctrlLossTmo: \"1h\" is not allowed; allowed: whole seconds from "
                       "1 to 2592000, or -1 for never"));
  EXPECT_THAT(ParseParameters({{"ctrlLossTmo", "10"}, {"reconnectDelay", "11"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "parameter reconnectDelay: \"11\" is over ctrlLossTmo \"10\"; allowed: at "
                       "most ctrlLossTmo"));
  EXPECT_THAT(ParseParameters({{"iopolicy", "numa"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(R"(parameter "iopolicy")"), HasSubstr(R"("numa")"),
                             HasSubstr("queueSize, hdrDigest, dataDigest, ioPolicy"))));
}

}  // namespace
}  // namespace nvmeof::volume
