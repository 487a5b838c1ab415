// The node plugin killed at any time, and the node rebooted.
#include <sys/mount.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/run_tool.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

class NodeCrash : public FaultTest {};

TEST_F(NodeCrash, KilledAtRandomTimesOfThirtyRoundsItConverges) {
  constexpr int kRounds = 30;
  constexpr int kLatestKillMs = 600;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread changes the environment
  const char* const given = std::getenv("NVMEOF_SEED");
  const auto seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 20260101U;
  std::cout << "NVMEOF_SEED=" << seed << "\n";
  std::mt19937 random(seed);

  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  for (int round = 0; round < kRounds; ++round) {
    const bool stage = std::uniform_int_distribution(0, 2)(random) > 0;
    const int kill_ms = std::uniform_int_distribution(0, kLatestKillMs)(random);
    std::thread call([&] { (stage ? volume.Stage() : volume.Unstage()).IgnoreError(); });
    absl::SleepFor(absl::Milliseconds(kill_ms));
    lab().node().Kill();
    call.join();
    ASSERT_OK(lab().StartNode()) << "round " << round;
  }
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Publish());
  EXPECT_TRUE(IsLive(volume, 2));
  EXPECT_EQ(KernelPaths().size(), 2U) << "paths that nobody wanted were left";
  EXPECT_TRUE(HealthSays(volume, ""));
  EXPECT_OK(TakeAway(volume));
}

// As a reboot does it: the plugin, the mounts and the connections are gone, what is on disk stays,
// and the kernel has another boot id.
class NodeReboot : public FaultTest {
 protected:
  static constexpr char kBootId[] = "/proc/sys/kernel/random/boot_id";

  void TearDown() override {
    lab().node().Kill();  // it knows the wrong boot
    ::umount2(kBootId, MNT_DETACH);
    FaultTest::TearDown();
  }

  void Reboot() {
    lab().node().Kill();
    for (const char* folder : {"kubelet/pods", "kubelet/staging"}) {
      RunTool({"sh", "-c", "grep -o \"$1/[^ ]*\" /proc/mounts | sort -r | xargs -r umount", "sh",
               lab().Folder(folder)})
          .IgnoreError();
    }
    DeleteAllPaths();
    ASSERT_TRUE(Eventually(kPatience, [] { return KernelSubsystems().empty(); }));
    const std::string file = lab().Folder("boot_id");
    ASSERT_OK(base::WriteFileAtomically(file, "00112233-4455-6677-8899-aabbccddeeff\n"));
    ASSERT_EQ(::mount(file.c_str(), kBootId, nullptr, MS_BIND, nullptr), 0);
    ASSERT_OK(lab().StartNode());
  }
};

TEST_F(NodeReboot, VolumesOfAnOlderBootAreStagedAgainOrTakenAway) {
  PodVolume stays = NewVolume(VolumeKind::kExt4, {}, "stays");
  PodVolume leaves = NewVolume(VolumeKind::kBlock, {}, "leaves");
  ASSERT_OK(Bring(stays));
  ASSERT_OK(Bring(leaves));
  Writer writer(stays.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(writer.Stop());
  Reboot();
  EXPECT_OK(leaves.Unpublish());
  EXPECT_OK(leaves.Unstage());
  EXPECT_OK(stays.Attach());
  EXPECT_OK(writer.Verify(stays.data_path()));
  EXPECT_TRUE(HealthSays(stays, ""));
  EXPECT_EQ(CountLive(leaves.nqn()), 0);
  EXPECT_OK(leaves.ControllerUnpublish());
  EXPECT_OK(leaves.Delete());
  EXPECT_OK(TakeAway(stays));
}

}  // namespace
}  // namespace nvmeof::testing
