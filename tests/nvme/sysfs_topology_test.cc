#include "nvme/sysfs_topology.h"

#include <cstring>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/nvme/sysfs_tree.h"
#include "tests/nvme/tcp_paths.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::PathTo;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::SysfsTree;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHost[] = "nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001";
constexpr char kDevices[] = "/sys/devices/virtual";

volume::Nqn WantedNqn() {
  return *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:11112222333344445555666677778888");
}

volume::Uuid ParseUuid(absl::string_view text) { return *volume::Uuid::Parse(text); }

// It serves the captured disk, unless told otherwise.
Controller ControllerOf(const std::string& name, const volume::Path& path,
                        ControllerState state = ControllerState::kLive,
                        std::vector<std::uint32_t> serves = {7}) {
  return {name, state, path, kHost, std::move(serves), {}};
}

Namespace CapturedDisk(const std::string& name, base::DeviceNumber number) {
  return {name,
          "/dev/" + name,
          number,
          7,
          ParseUuid("aaaaaaaa-1111-4222-8333-444455556666"),
          ParseUuid("bbbbbbbb-1111-4222-8333-444455556666"),
          64 << 20};
}

// The wanted subsystem as a topology over the tree finds it.
std::optional<Subsystem> Find(const SysfsTree& tree) {
  const auto found = SysfsTopology(tree.sys()).Find(WantedNqn());
  EXPECT_OK(found);
  return found.value_or(std::nullopt);
}

// Everything that a kernel showed, for each kernel that we know.
class SysfsTopologyTest : public ::testing::TestWithParam<std::string> {
 protected:
  static SysfsTree Captured(const std::string& situation) {
    return SysfsTree(GetParam() + "-" + situation);
  }
};

INSTANTIATE_TEST_SUITE_P(Kernel, SysfsTopologyTest, ::testing::Values("6.1", "6.12"),
                         [](const auto& kernel) {
                           return kernel.param == "6.1" ? "Linux6_1" : "Linux6_12";
                         });

TEST_P(SysfsTopologyTest, ShowsNothingBeforeTheFirstConnect) {
  const SysfsTree tree = Captured("none");
  EXPECT_EQ(Find(tree), std::nullopt);
  EXPECT_THAT(SysfsTopology(tree.sys()).All(), IsOkAndHolds(IsEmpty()));
}

TEST_P(SysfsTopologyTest, ReadsOnePath) {
  const std::optional<Subsystem> found = Find(Captured("one-path"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "nvme-subsys0");
  EXPECT_EQ(found->nqn, WantedNqn().text());
  EXPECT_EQ(found->io_policy, "numa");
  EXPECT_THAT(found->controllers, ElementsAre(ControllerOf("nvme0", PathTo("127.0.0.1"))));
  EXPECT_THAT(found->namespaces,
              ElementsAre(CapturedDisk("nvme0n1", found->namespaces.front().number)));
}

TEST_P(SysfsTopologyTest, ShowsOneDiskForTwoPaths) {
  const std::optional<Subsystem> found = Find(Captured("two-paths"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, ElementsAre(ControllerOf("nvme0", PathTo("127.0.0.1")),
                                              ControllerOf("nvme1", PathTo("127.0.0.2"))));
  EXPECT_THAT(found->namespaces, SizeIs(1));
}

TEST_P(SysfsTopologyTest, ReadsAPathThatIsConnecting) {
  const std::optional<Subsystem> found = Find(Captured("one-connecting"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, ElementsAre(ControllerOf("nvme0", PathTo("127.0.0.1")),
                                              ControllerOf("nvme1", PathTo("127.0.0.2"),
                                                           ControllerState::kConnecting)));
}

TEST_P(SysfsTopologyTest, ReadsTheHostSideAsItWasAskedFor) {
  const std::optional<Subsystem> found = Find(Captured("host-sides"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers,
              ElementsAre(ControllerOf("nvme0", PathTo("127.0.0.1", "127.0.0.1", "lo")),
                          ControllerOf("nvme1", PathTo("127.0.0.2", "", "lo")),
                          ControllerOf("nvme2", PathTo("::1"))));
}

TEST_P(SysfsTopologyTest, ReadsEveryNamespaceWithTheIdentityThatItHas) {
  const std::optional<Subsystem> found = Find(Captured("three-namespaces"));
  ASSERT_TRUE(found.has_value());
  ASSERT_THAT(found->namespaces, ElementsAre(Field(&Namespace::nsid, 7), Field(&Namespace::nsid, 2),
                                             Field(&Namespace::nsid, 3)));
  EXPECT_EQ(found->namespaces[1].uuid, ParseUuid("cccccccc-1111-4222-8333-444455556666"));
  EXPECT_EQ(found->namespaces[1].nguid, std::nullopt);
  // The kernel shows this one's NGUID as its UUID, too.
  EXPECT_EQ(found->namespaces[2].uuid, std::nullopt);
  EXPECT_EQ(found->namespaces[2].nguid, ParseUuid("dddddddd-1111-4222-8333-444455556666"));
}

TEST_P(SysfsTopologyTest, ShowsControllersWithoutADisk) {
  const std::optional<Subsystem> removed = Find(Captured("namespace-removed"));
  ASSERT_TRUE(removed.has_value());
  EXPECT_THAT(removed->controllers,
              ElementsAre(ControllerOf("nvme0", PathTo("127.0.0.1"), ControllerState::kLive, {})));
  EXPECT_THAT(removed->namespaces, IsEmpty());
  const std::optional<Subsystem> closed = Find(Captured("inaccessible"));
  ASSERT_TRUE(closed.has_value());
  EXPECT_THAT(closed->controllers, ElementsAre(Field(&Controller::name, "nvme0")));
  EXPECT_THAT(closed->namespaces, IsEmpty());
}

TEST_P(SysfsTopologyTest, ReadsForWhichNamespacesAPathTakesIo) {
  for (const auto& [state, serves] :
       {std::pair("inaccessible", false), std::pair("persistent-loss", false),
        std::pair("change", true), std::pair("non-optimized", true)}) {
    SysfsTree tree = Captured("two-paths");
    tree.Add("/sys/devices/virtual/nvme-fabrics/ctl/nvme0/nvme0c0n1/ana_state", "optimized");
    tree.Add("/sys/devices/virtual/nvme-fabrics/ctl/nvme1/nvme0c1n1/ana_state", state);
    const std::optional<Subsystem> found = Find(tree);
    ASSERT_TRUE(found.has_value());
    ASSERT_THAT(found->controllers, SizeIs(2));
    EXPECT_THAT(found->controllers[0].serves, ElementsAre(7));
    EXPECT_THAT(found->controllers[0].closed, IsEmpty());
    const std::vector<std::uint32_t> none;
    const std::vector<std::uint32_t> captured = {7};
    EXPECT_EQ(found->controllers[1].serves, serves ? captured : none);
    EXPECT_EQ(found->controllers[1].closed, serves ? none : captured);
  }
}

// The disk stays for the sake of the other path.
TEST_P(SysfsTopologyTest, SeesThatALivePathHasDroppedItsDisk) {
  SysfsTree tree = Captured("one-connecting");
  tree.Remove("/sys/devices/virtual/nvme-fabrics/ctl/nvme0/nvme0c0n1");
  const std::optional<Subsystem> found = Find(tree);
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, ElementsAre(Field(&Controller::serves, IsEmpty()),
                                              Field(&Controller::serves, ElementsAre(7))));
  EXPECT_THAT(found->namespaces, SizeIs(1));
}

// The kernel gives a name out again as soon as it is free.
TEST_P(SysfsTopologyTest, SeesAnotherSubsystemUnderAKnownName) {
  SysfsTree tree = Captured("one-path");
  const SysfsTopology topology(tree.sys());
  ASSERT_TRUE(topology.Find(WantedNqn())->has_value());
  const std::string link = "/sys/class/nvme-subsystem/nvme-subsys0";
  const std::string folder = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0";
  tree.Remove(folder + "/subsysnqn");
  tree.Add(folder + "/subsysnqn", "nqn.2026-01.dev.nvmeof:another");
  EXPECT_THAT(topology.Find(WantedNqn()), IsOkAndHolds(std::nullopt)) << "it has changed hands";
  tree.Remove(link);
  tree.Add(link, "-> ../../devices/virtual/nvme-subsystem/nvme-subsys0");
  EXPECT_THAT(topology.Find(WantedNqn()), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(topology.All(),
              IsOkAndHolds(ElementsAre(Field(&Subsystem::nqn, "nqn.2026-01.dev.nvmeof:another"))));
}

// nvme/controller_paths.h says why.
TEST_P(SysfsTopologyTest, ReadsTheAddressOfEachControllerOnce) {
  SysfsTree tree = Captured("one-path");
  const SysfsTopology topology(tree.sys());
  const auto address_of = [&] {
    return topology.Find(WantedNqn()).value().value().controllers.front().path.portal.address;
  };
  EXPECT_EQ(address_of(), "127.0.0.1");
  const std::string controller = "/sys/devices/virtual/nvme-fabrics/ctl/nvme0";
  tree.Remove(controller + "/address");
  EXPECT_EQ(address_of(), "127.0.0.1");
  // The next controller of the name.
  tree.Add(controller + "/address", "traddr=127.0.0.2,trsvcid=4420");
  const std::filesystem::path folder = tree.sys() + controller.substr(std::strlen("/sys"));
  std::filesystem::rename(folder, tree.sys() + "/before");
  std::filesystem::copy(
      tree.sys() + "/before", folder,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  EXPECT_EQ(address_of(), "127.0.0.2");
}

TEST_P(SysfsTopologyTest, PassesOverDiscoverySubsystems) {
  const auto all = SysfsTopology(Captured("discovery").sys()).All();
  EXPECT_THAT(all, IsOkAndHolds(ElementsAre(Field(&Subsystem::nqn, WantedNqn().text()))));
}

TEST_P(SysfsTopologyTest, PassesOverLocalDisks) {
  const auto all = SysfsTopology(Captured("local-disk").sys()).All();
  EXPECT_THAT(all, IsOkAndHolds(ElementsAre(Field(&Subsystem::nqn, WantedNqn().text()))));
}

TEST_P(SysfsTopologyTest, PassesOverAControllerThatHasNoSubsystemYet) {
  const SysfsTree tree = Captured("nascent");
  EXPECT_EQ(Find(tree), std::nullopt);
  EXPECT_THAT(SysfsTopology(tree.sys()).All(), IsOkAndHolds(IsEmpty()));
}

TEST_P(SysfsTopologyTest, ShowsTheEmptySubsystemThatAMountKeeps) {
  const std::optional<Subsystem> found = Find(Captured("orphan"));
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, IsEmpty());
  EXPECT_THAT(found->namespaces, IsEmpty());
}

TEST_P(SysfsTopologyTest, FollowsTheNumbersAfterATotalLoss) {
  const std::optional<Subsystem> found = Find(Captured("renumbered"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "nvme-subsys0");
  EXPECT_THAT(found->controllers, ElementsAre(Field(&Controller::name, "nvme1")));
  EXPECT_THAT(found->namespaces, ElementsAre(Field(&Namespace::device_path, "/dev/nvme0n2")));
}

TEST_P(SysfsTopologyTest, ShowsADiskForEachPathWithoutNativeMultipath) {
  const SysfsTree tree = Captured("no-multipath");
  const std::optional<Subsystem> found = Find(tree);
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, ElementsAre(Field(&Controller::serves, ElementsAre(7)),
                                              Field(&Controller::serves, ElementsAre(7))));
  EXPECT_THAT(found->namespaces, SizeIs(2));
  EXPECT_THAT(SysfsTopology(tree.sys()).NativeMultipath(), IsOkAndHolds(false));
}

TEST_P(SysfsTopologyTest, KnowsADeviceByItsNumber) {
  const SysfsTree tree = Captured("one-path");
  const SysfsTopology topology(tree.sys());
  const base::DeviceNumber number = Find(tree)->namespaces.front().number;
  EXPECT_THAT(topology.Exists(number), IsOkAndHolds(true));
  EXPECT_THAT(topology.SizeBytes(number), IsOkAndHolds(64 << 20));
  EXPECT_THAT(topology.Exists({259, 77}), IsOkAndHolds(false));
  EXPECT_THAT(topology.SizeBytes({259, 77}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(SysfsTopologyTest, SeesWhatIsStackedOnADiskOrOnItsPartitions) {
  for (const auto& [situation, held] : {std::pair("one-path", false), std::pair("holder", true),
                                        std::pair("partition-holder", true)}) {
    const SysfsTree tree = Captured(situation);
    const Namespace disk = Find(tree)->namespaces.front();
    EXPECT_THAT(SysfsTopology(tree.sys()).HasHolders(disk), IsOkAndHolds(held)) << situation;
  }
}

TEST(SysfsTopologyReadTest, SaysNothingHoldsADiskThatIsGone) {
  const SysfsTree tree("6.12-none");
  EXPECT_THAT(SysfsTopology(tree.sys()).HasHolders(CapturedDisk("nvme0n1", {259, 1})),
              IsOkAndHolds(false));
}

TEST(SysfsTopologyReadTest, KnowsNativeMultipathByTheModuleParameter) {
  EXPECT_THAT(SysfsTopology(SysfsTree("6.12-none").sys()).NativeMultipath(), IsOkAndHolds(true));
  SysfsTree built_without("6.12-none");
  built_without.Remove("/sys/module/nvme_core/parameters");
  EXPECT_THAT(SysfsTopology(built_without.sys()).NativeMultipath(), IsOkAndHolds(false));
  EXPECT_THAT(SysfsTopology(SysfsTree().sys()).NativeMultipath(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SysfsTopologyReadTest, ShowsNothingOnAMachineWithoutNvme) {
  const SysfsTree tree;
  EXPECT_EQ(Find(tree), std::nullopt);
  EXPECT_THAT(SysfsTopology(tree.sys()).All(), IsOkAndHolds(IsEmpty()));
}

TEST(SysfsTopologyReadTest, LeavesOutWhatVanishesMeanwhile) {
  SysfsTree tree("6.12-two-paths");
  tree.Remove(std::string(kDevices) + "/nvme-fabrics/ctl/nvme1/state");
  tree.Remove(std::string(kDevices) + "/nvme-subsystem/nvme-subsys0/nvme0n1/size");
  const std::optional<Subsystem> found = Find(tree);
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->controllers, ElementsAre(Field(&Controller::name, "nvme0")));
  EXPECT_THAT(found->namespaces, IsEmpty());
}

TEST(SysfsTopologyReadTest, LeavesOutASubsystemThatVanishesMeanwhile) {
  SysfsTree tree("6.12-discovery");
  tree.Remove(std::string(kDevices) + "/nvme-subsystem/nvme-subsys1");
  EXPECT_EQ(Find(tree), std::nullopt);
  EXPECT_THAT(SysfsTopology(tree.sys()).All(), IsOkAndHolds(IsEmpty()));
}

TEST(SysfsTopologyReadTest, LooksIntoNoOtherSubsystemThanTheWantedOne) {
  SysfsTree tree("6.12-discovery");
  // Reading a folder as a file is an error that is not tolerated.
  tree.Remove(std::string(kDevices) + "/nvme-fabrics/ctl/nvme0/state");
  tree.Add(std::string(kDevices) + "/nvme-fabrics/ctl/nvme0/state/", "");
  EXPECT_TRUE(Find(tree).has_value());
}

TEST(SysfsTopologyReadTest, ReportsWhatSysfsShouldNeverSay) {
  SysfsTree tree("6.12-one-path");
  tree.Add(std::string(kDevices) + "/nvme-subsystem/nvme-subsys0/nvme0n1/dev", "259");
  EXPECT_THAT(SysfsTopology(tree.sys()).Find(WantedNqn()), StatusIs(absl::StatusCode::kInternal));
}

TEST(SysfsTopologyReadTest, PutsDeviceNodesWhereTheHostsAre) {
  const SysfsTree tree("6.12-one-path");
  const auto found = SysfsTopology(tree.sys(), "/host/dev").Find(WantedNqn());
  ASSERT_OK(found);
  EXPECT_EQ((*found)->namespaces.front().device_path, "/host/dev/nvme0n1");
}

}  // namespace
}  // namespace nvmeof::nvme
