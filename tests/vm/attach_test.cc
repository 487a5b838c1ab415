// How a node reaches a volume over several paths, and which disks it refuses.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/nvmet_export.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/run_tool.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kHandMade[] = "nqn.2026-01.dev.nvmeof:by-hand";
constexpr char kUuidA[] = "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3a001";
constexpr char kUuidB[] = "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3b002";

class AttachTest : public LabTest {
 protected:
  PodVolume NewVolume(VolumeKind kind) {
    return {lab().cluster(), {.name = "pvc", .kind = kind, .parameters = Lab::AllPaths()}};
  }
};

// On a target that the case makes by hand, without the agent and the controller.
class HandMadeTest : public LabTest {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    ASSIGN_OR_RETURN(auto lab, Lab::Create(name));
    RETURN_IF_ERROR(lab->StartNode());
    return lab;
  }
  PodVolume HandMade(const std::string& name, VolumeKind kind, const HandMadeNamespace& wanted) {
    return {lab().cluster(),
            {.name = name, .kind = kind, .bytes = wanted.bytes, .parameters = Lab::AllPaths()},
            NvmetExport::PublishContext(kHandMade, wanted)};
  }
};

TEST_F(AttachTest, TwoPortalsAndTwoHostSidesMakeFourPaths) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  EXPECT_THAT(DescribePaths(volume.nqn()),
              ElementsAre("10.77.0.1 from 10.77.0.2: live", "10.77.0.1 from 10.77.1.2: live",
                          "10.77.1.1 from 10.77.0.2: live", "10.77.1.1 from 10.77.1.2: live"));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

// The agent's second portal is one that hosts should use only while the first does not work.
class NonOptimizedTest : public AttachTest {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Lab> lab, Lab::Create(name));
    lab->agent_plan().portals = {0};
    lab->agent_plan().more_arguments = {"--non-optimized-portal", Network::PortalAddress(1)};
    RETURN_IF_ERROR(lab->StartTarget());
    RETURN_IF_ERROR(lab->StartController());
    RETURN_IF_ERROR(lab->StartNode());
    return lab;
  }

  // How many writes the paths to that portal carried.
  static std::uint64_t WritesBy(const PodVolume& volume, const std::string& portal) {
    std::uint64_t writes = 0;
    for (const KernelPath& path : KernelPaths(volume.nqn())) {
      if (path.address == portal) writes += WritesOf(path);
    }
    return writes;
  }
};

TEST_F(NonOptimizedTest, APortalForTheWorstCarriesNothingWhileAnotherWorks) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  const auto live = [&](int count) {
    return Eventually(kPatience, [&] { return CountLive(volume.nqn()) == count; });
  };
  ASSERT_TRUE(live(4));
  Writer writer(volume.data_path(), 2 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(100, kPatience));
  EXPECT_GT(WritesBy(volume, Network::PortalAddress(0)), 90U);
  EXPECT_EQ(WritesBy(volume, Network::PortalAddress(1)), 0U);
  ASSERT_OK(lab().network().Refuse(0));
  EXPECT_TRUE(writer.WaitFor(100, kPatience));
  EXPECT_GT(WritesBy(volume, Network::PortalAddress(1)), 0U);
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(live(4));
  ASSERT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, PathsOfAnInterfaceUseNoOther) {
  PodVolume volume(lab().cluster(), {.name = "pvc",
                                     .kind = VolumeKind::kBlock,
                                     .parameters = {{"hostIface", Network::Interface(1)}}});
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  const auto live = [&](int count) {
    return Eventually(kPatience, [&] { return CountLive(volume.nqn()) == count; });
  };
  EXPECT_TRUE(live(2)) << "one for each portal";
  ASSERT_OK(lab().network().Unplug(1));
  EXPECT_TRUE(live(0)) << "the other link stands and leads to both portals";
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(live(2));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, APortalThatRefusesFromTheStartIsDoneWithout) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(lab().network().Refuse(0));
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 2; }));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, APortalThatSwallowsPacketsFromTheStartIsDoneWithout) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(lab().network().Cut(1));
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 2; }));
  ASSERT_OK(lab().network().Heal());
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, WithoutAnyPortalEveryOneIsNamed) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(lab().network().Refuse(0));
  ASSERT_OK(lab().network().Refuse(1));
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  EXPECT_THAT(volume.Stage(), StatusIs(absl::StatusCode::kUnavailable,
                                       AllOf(HasSubstr("10.77.0.1"), HasSubstr("10.77.1.1"))));
  ASSERT_OK(lab().network().Heal());
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, WritesGoOnWhenALinkIsUnpluggedAndTheOtherIsSlow) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(lab().network().Slow(0, absl::Milliseconds(20)));
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  Writer writer(volume.data_path(), 1 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(20, kPatience));
  ASSERT_OK(lab().network().Unplug(1));
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) < 4; }));
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  ASSERT_OK(lab().network().Heal());
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(AttachTest, GrowsUnderAWriter) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  Writer writer(volume.data_path(), 1 << 20);
  writer.Start();
  EXPECT_OK(volume.Expand(3 * volume.bytes()));
  EXPECT_EQ(SizeOf(*DiskOf(volume.nqn())), static_cast<std::uint64_t>(volume.bytes()));
  EXPECT_TRUE(writer.WaitFor(20, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(HandMadeTest, TwoVolumesOfOneSubsystemShareItsPathsUntilTheLastLeaves) {
  const HandMadeNamespace a{.nsid = 1, .uuid = kUuidA, .file = lab().Folder("a")};
  const HandMadeNamespace b{.nsid = 7, .uuid = kUuidB, .file = lab().Folder("b")};
  const auto exported = NvmetExport::Create(kHandMade, {a, b});
  ASSERT_OK(exported);
  PodVolume first = HandMade("first", VolumeKind::kExt4, a);
  PodVolume second = HandMade("second", VolumeKind::kBlock, b);
  ASSERT_OK(first.Stage());
  ASSERT_OK(second.Stage());
  ASSERT_OK(second.Publish());
  EXPECT_TRUE(Eventually(kPatience, [] { return CountLive(kHandMade) == 4; }));
  EXPECT_OK(first.Unstage());
  EXPECT_EQ(KernelPaths().size(), 4) << "the other volume needs them";
  EXPECT_OK(second.Unpublish());
  EXPECT_OK(second.Unstage());
  EXPECT_THAT(KernelPaths(), ::testing::IsEmpty());
}

// As the guides of the arrays want it: two NICs, four portals, eight paths. The volume says itself
// where it is, as a PersistentVolume does that was written by hand.
TEST_F(HandMadeTest, TwoNicsAndFourPortalsOfAnArrayAreEightPaths) {
  const HandMadeNamespace disk{.nsid = 3, .uuid = kUuidA, .file = lab().Folder("disk")};
  std::vector<std::string> further;
  for (int link = 0; link < Network::kLinks; ++link) {
    const auto address = lab().network().AddAddress(link);
    ASSERT_OK(address);
    further.push_back(*address);
  }
  const auto exported = NvmetExport::Create(kHandMade, {disk}, further);
  ASSERT_OK(exported);
  std::map<std::string, std::string> context = {
      {"nqn", kHandMade},
      {"uuid", kUuidA},
      {"portals", absl::StrCat("10.77.0.1,10.77.1.1,", absl::StrJoin(further, ","))},
      {"hostIface", "fab0,fab1"},
      {"hostTraddr", "10.77.0.2,10.77.1.2"},
      {"minPaths", "2"}};
  PodVolume volume(lab().cluster(),
                   {.name = "array", .kind = VolumeKind::kBlock, .parameters = context}, {});
  ASSERT_OK(volume.Stage());
  ASSERT_OK(volume.Publish());
  EXPECT_TRUE(Eventually(kPatience, [] { return CountLive(kHandMade) == 8; }));
  const std::string seen = lab().Folder("list-subsys");
  ASSERT_OK(RunTool({"sh", "-ec", "nvme list-subsys >\"$1\"", "sh", seen}));
  std::cout << *base::ReadFile(seen) << std::flush;

  Writer writer(volume.data_path(), 1 << 20);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(20, kPatience));
  ASSERT_OK(lab().network().Unplug(1));
  EXPECT_TRUE(Eventually(kPatience, [] { return CountLive(kHandMade) < 8; }));
  EXPECT_TRUE(writer.WaitFor(20, kPatience)) << "the other NIC goes on";
  ASSERT_OK(lab().network().Heal());
  EXPECT_TRUE(Eventually(kPatience, [] { return CountLive(kHandMade) == 8; }));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_THAT(KernelPaths(), ::testing::IsEmpty());
}

// A volume that says no portal, only which discovery controllers to ask.
class DiscoveredTest : public HandMadeTest {
 protected:
  // What is exported is looked for as a leftover.
  void TearDown() override {
    exported_.reset();
    HandMadeTest::TearDown();
  }

  // At four portals; the addresses of all, in order.
  absl::StatusOr<std::vector<std::string>> Export() {
    std::vector<std::string> further;
    for (int link = 0; link < Network::kLinks; ++link) {
      ASSIGN_OR_RETURN(further.emplace_back(), lab().network().AddAddress(link));
    }
    const HandMadeNamespace disk{.nsid = 3, .uuid = kUuidA, .file = lab().Folder("disk")};
    ASSIGN_OR_RETURN(exported_, NvmetExport::Create(kHandMade, {disk}, further));
    std::vector<std::string> all;
    for (int link = 0; link < Network::kLinks; ++link) all.push_back(Network::PortalAddress(link));
    all.insert(all.end(), further.begin(), further.end());
    return all;
  }
  void ExpectFourPathsFrom(const std::string& discovery) {
    const std::map<std::string, std::string> context = {
        {"nqn", kHandMade}, {"uuid", kUuidA}, {"discovery", discovery}};
    PodVolume volume(lab().cluster(),
                     {.name = "array", .kind = VolumeKind::kBlock, .parameters = context}, {});
    ASSERT_OK(volume.Stage());
    ASSERT_OK(volume.Publish());
    EXPECT_TRUE(Eventually(kPatience, [] { return CountLive(kHandMade) == 4; }));
    EXPECT_THAT(KernelSubsystems(), ElementsAre(kHandMade)) << "no discovery controller is left";
    EXPECT_OK(volume.Unpublish());
    EXPECT_OK(volume.Unstage());
    EXPECT_THAT(KernelPaths(), ::testing::IsEmpty());
  }

  std::unique_ptr<NvmetExport> exported_;
};

TEST_F(DiscoveredTest, PortalsComeFromTheDiscoveryControllersThatAnswer) {
  const auto addresses = Export();
  ASSERT_OK(addresses);
  // Nobody listens at the last one.
  ExpectFourPathsFrom(absl::StrCat(absl::StrJoin(*addresses, ":4420,"), ":4420,10.77.0.1:8009"));
}

TEST_F(DiscoveredTest, AReferralIsFollowed) {
  const auto addresses = Export();
  ASSERT_OK(addresses);
  ASSERT_OK(exported_->Refer(0, 1));
  ASSERT_OK(exported_->Refer(1, 2));
  ASSERT_OK(exported_->Refer(1, 3));
  ASSERT_OK(exported_->Refer(3, 0));
  ExpectFourPathsFrom(absl::StrCat(addresses->front(), ":4420"));
}

TEST_F(HandMadeTest, AnotherIdentityInTheWantedPlaceIsRefused) {
  HandMadeNamespace made{.nsid = 1, .uuid = kUuidA, .file = lab().Folder("a")};
  const auto exported = NvmetExport::Create(kHandMade, {made});
  ASSERT_OK(exported);
  made.uuid = kUuidB;
  PodVolume volume = HandMade("impostor", VolumeKind::kExt4, made);
  EXPECT_THAT(volume.Stage(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       AllOf(HasSubstr(kUuidA), HasSubstr(kUuidB))));
  EXPECT_OK(volume.Unstage());
}

// A way to put something on a disk that is not ours, and the word that the refusal must hold.
struct Foreign {
  std::string name;
  VolumeKind asked = VolumeKind::kExt4;
  std::string found;
  std::string make;  // shell words; $1 is the file, $2 a loop device on it
};

class ForeignDataTest : public HandMadeTest, public ::testing::WithParamInterface<Foreign> {};

TEST_P(ForeignDataTest, IsNamedAndNeverFormatted) {
  HandMadeNamespace disk{.uuid = kUuidA, .file = lab().Folder("disk")};
  disk.bytes = 320 << 20;  // mkfs.xfs makes nothing below 300 MB
  ASSERT_OK(RunTool({"sh", "-ec",
                     absl::StrCat("truncate -s ", disk.bytes,
                                  " \"$1\"; set -- \"$1\" \"$(losetup -f --show \"$1\")\"; ",
                                  "trap 'losetup -d \"$2\"' EXIT; ", GetParam().make),
                     "sh", disk.file}));
  // Else cp may see a hole where what was written still waits for its block.
  ASSERT_OK(RunTool({"sync", disk.file}));
  ASSERT_OK(RunTool({"cp", "--sparse=always", disk.file, lab().Folder("before")}));
  const auto exported = NvmetExport::Create(kHandMade, {disk});
  ASSERT_OK(exported);
  PodVolume volume = HandMade("foreign", GetParam().asked, disk);
  EXPECT_THAT(volume.Stage(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().found)));
  EXPECT_OK(RunTool({"cmp", disk.file, lab().Folder("before")})) << "not one byte was changed";
  EXPECT_OK(volume.Unstage());
}

std::string NameOf(const ::testing::TestParamInfo<Foreign>& disk) { return disk.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Disks, ForeignDataTest,
    ::testing::Values(
        Foreign{"Ext4", VolumeKind::kXfs, "ext4", "mkfs.ext4 -q \"$2\""},
        Foreign{"Xfs", VolumeKind::kExt4, "xfs", "mkfs.xfs -q \"$2\""},
        Foreign{"Lvm", VolumeKind::kExt4, "LVM2_member", "pvcreate -q \"$2\""},
        // Made for blocks of 512 bytes; the disk shows 4096, so its protective MBR is what is seen.
        Foreign{"Gpt", VolumeKind::kExt4, "PMBR", "printf 'label: gpt\\n,\\n' | sfdisk -q \"$2\""},
        Foreign{"Luks", VolumeKind::kExt4, "crypto_LUKS",
                "echo secret | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 "
                "\"$2\" -"},
        Foreign{"Swap", VolumeKind::kXfs, "swap", "mkswap \"$2\""},
        Foreign{"RandomBytesAtTheHead", VolumeKind::kExt4, "0",
                "dd if=/dev/urandom of=\"$2\" bs=512 count=1 seek=3"},
        Foreign{"RandomBytesAtTheTail", VolumeKind::kXfs, "0",
                "dd if=/dev/urandom of=\"$2\" bs=512 count=1 seek=655359"}),
    NameOf);

}  // namespace
}  // namespace nvmeof::testing
