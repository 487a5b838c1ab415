// What the next call does after a process died, and what a workload notices of it.
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

constexpr std::uint64_t kRegion = 1 << 20;

class RestartTest : public LabTest {
 protected:
  PodVolume NewVolume(VolumeKind kind) {
    auto parameters = Lab::AllPaths();
    parameters["reconnectDelay"] = "1";
    parameters["fastIoFailTmo"] = "3";
    return {lab().cluster(), {.name = "pvc", .kind = kind, .parameters = parameters}};
  }
};

TEST_F(RestartTest, NodePluginKilledAfterStageFindsItsWorkDone) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  ASSERT_OK(volume.Stage());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  const auto before = KernelPaths();
  lab().node().Kill();
  EXPECT_EQ(KernelPaths(), before);
  ASSERT_OK(lab().StartNode());
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Publish());
  EXPECT_EQ(KernelPaths(), before);
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(RestartTest, NodePluginKilledWhileItStagesLetsTheRetryFinish) {
  PodVolume volume = NewVolume(VolumeKind::kXfs);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  std::thread first([&] { volume.Stage().IgnoreError(); });
  EXPECT_TRUE(Eventually(kPatience, [] { return !KernelPaths().empty(); }));
  lab().node().Kill();
  first.join();
  ASSERT_OK(lab().StartNode());
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Publish());
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(RestartTest, NodePluginKilledBeforeUnstageLetsItsSuccessorUndoAll) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  lab().node().Kill();
  ASSERT_OK(lab().StartNode());
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(RestartTest, AgentKilledAndStartedGoesUnnoticedByAWriter) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  const auto paths = KernelPaths();
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  lab().target().Kill();
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(lab().StartTarget());
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_LT(writer.longest_gap(), absl::Seconds(2));
  EXPECT_EQ(KernelPaths(), paths) << "no path was lost meanwhile";
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(RestartTest, ControllerPluginKilledKnowsItsVolumesAgain) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  const std::string id = volume.id();
  lab().controller().Kill();
  ASSERT_OK(lab().StartController());
  EXPECT_OK(volume.Create());
  EXPECT_EQ(volume.id(), id);
  ASSERT_OK(volume.Attach());
  lab().controller().Kill();
  ASSERT_OK(lab().StartController());
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

TEST_F(RestartTest, AgentRestoresItsExportsAfterAReboot) {
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(20, kPatience));
  EXPECT_OK(writer.Stop());
  lab().target().Kill();
  ClearKernelTarget();
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 0; }));
  ASSERT_OK(lab().StartTarget());
  EXPECT_TRUE(Eventually(kPatience, [&] { return CountLive(volume.nqn()) == 4; }));
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Delete());
}

// The volume's bytes, as the storage node holds them.
std::string PoolContent(const Lab& lab) {
  std::string content;
  for (const std::string& file : FilesBelow(lab.Folder("pool/images"))) {
    std::ifstream stream(file, std::ios::binary);
    content.append((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  }
  return content;
}

TEST_F(RestartTest, UnexportStopsAHostThatWrites) {
  auto parameters = Lab::AllPaths();
  parameters["fastIoFailTmo"] = "1";
  PodVolume volume(lab().cluster(), {.name = "pvc",
                                     .kind = VolumeKind::kBlock,
                                     .bytes = std::int64_t{64} << 20,
                                     .parameters = parameters});
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.Attach());
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  ASSERT_TRUE(writer.WaitFor(50, kPatience));
  ASSERT_OK(volume.ControllerUnpublish());
  const std::string fenced = PoolContent(lab());
  EXPECT_FALSE(writer.WaitFor(1000000, absl::Seconds(20)));
  EXPECT_THAT(writer.Stop(), ::testing::Not(IsOk()));
  EXPECT_TRUE(PoolContent(lab()) == fenced) << "a write came through after the fence";
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.Delete());
}

}  // namespace
}  // namespace nvmeof::testing
