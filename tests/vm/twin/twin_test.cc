// Histories that happen to a simulated kernel and to the real one: what tests/sim takes for granted
// about the kernel, step by step.
#include "tests/vm/twin/twin.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/lab_fixture.h"

namespace nvmeof::testing {
namespace {

// What a case left as it found it serves the next one, too.
std::unique_ptr<Lab>& Between() {
  static std::unique_ptr<Lab> lab;
  return lab;
}

class TwinTest : public LabTest {
 protected:
  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override {
    if (Between() != nullptr) return std::move(Between());
    return Lab::Create(name);
  }
  void Keep(std::unique_ptr<Lab> lab) override { Between() = std::move(lab); }
  static void TearDownTestSuite() { Between().reset(); }
  void TearDown() override {
    twin_.reset();
    LabTest::TearDown();
  }

  // In a subsystem of its own, with one pod.
  SimVolume NewVolume(const std::string& id, const std::string& fs_type) {
    SimVolume volume;
    volume.id = id;
    volume.nqn = *volume::Nqn::Parse(absl::StrCat("nqn.2026-01.dev.nvmeof:twin-", id));
    volume.uuid = absl::StrFormat("4c0f1e8a-0000-4000-8000-%012d", ++volumes_);
    volume.size_bytes = std::uint64_t{64} << 20;
    volume.capability.block = fs_type.empty();
    volume.capability.fs_type = fs_type;
    // A path is soon found lost and tried again, and given up only where the history says so.
    volume.volume_context = {{"ctrlLossTmo", "600"},
                             {"reconnectDelay", "1"},
                             {"keepAliveTmo", "2"},
                             {"nrIoQueues", "1"}};
    const char* const name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::string folder = lab().Folder(absl::StrCat("kubelet/", name));
    volume.staging_path = absl::StrCat(folder, "/staging/", id);
    volume.targets.push_back({absl::StrCat(folder, "/pods/", id), false});
    return volume;
  }
  SimVolume Ext4() { return NewVolume("v0", "ext4"); }
  SimVolume Xfs() {
    SimVolume volume = NewVolume("x0", "xfs");
    volume.size_bytes = std::uint64_t{320} << 20;
    return volume;
  }
  SimVolume Block() { return NewVolume("b0", ""); }

  // Steps stand on lines of their own, or are separated by semicolons.
  ::testing::AssertionResult Play(const std::vector<SimVolume>& volumes, absl::string_view history,
                                  SimFlaw flaw = SimFlaw::kNone) {
    auto twin = Twin::Create(lab(), volumes);
    if (!twin.ok()) return ::testing::AssertionFailure() << twin.status();
    twin_ = *std::move(twin);
    twin_->simulated_machine().Flaw(flaw);
    std::vector<std::string> steps;
    for (absl::string_view step : absl::StrSplit(history, absl::ByAnyChar("\n;"))) {
      step = absl::StripAsciiWhitespace(step);
      if (!step.empty()) steps.emplace_back(step);
    }
    return twin_->Play(steps);
  }

 private:
  int volumes_ = 0;
  std::unique_ptr<Twin> twin_;
};

// Else equal answers would prove nothing.
TEST_F(TwinTest, AFlawOfTheSimulationIsNoticed) {
  const auto played = Play({Block()}, "stage b0; unstage b0", SimFlaw::kKeepsControllers);
  EXPECT_FALSE(played);
  EXPECT_THAT(played.message(), ::testing::HasSubstr("differ after step 2"));
}

TEST_F(TwinTest, OrdinaryLife) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0; stage b0; publish b0; tick
      stage v0; publish v0; publish b0
      unpublish v0; unpublish v0; unstage v0; unstage v0; tick
      unpublish b0; unstage b0; tick)"));
}

TEST_F(TwinTest, TwoVolumesOfOneSubsystem) {
  SimVolume second = Block();
  const SimVolume first = Ext4();
  second.nqn = first.nqn;
  second.nsid = 2;
  EXPECT_TRUE(Play({first, second}, R"(
      stage v0; publish v0; stage b0; publish b0; tick
      unpublish v0; unstage v0; tick; tick
      stage v0
      unpublish b0; unstage b0; unstage v0; tick)"));
}

TEST_F(TwinTest, APortalDiesAndHeals) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0
      fault: portal refuses 10.77.0.1
      tick
      stage b0; publish b0; tick
      unpublish v0; unstage v0
      portal heals 10.77.0.1
      wait 60; tick
      fault: portal silent 10.77.1.1
      tick
      portal heals 10.77.1.1
      tick
      unpublish b0; unstage b0)"));
}

TEST_F(TwinTest, AStageWaitsForItsPaths) {
  SimVolume volume = Ext4();
  volume.volume_context["minPaths"] = "2";
  EXPECT_TRUE(Play({volume, Block()}, R"(
      fault: portal refuses 10.77.0.1
      stage v0; tick; stage v0
      the process is dead
      tick
      fault: portal silent 10.77.1.1
      stage b0; stage v0
      unstage b0
      portal heals 10.77.0.1
      portal heals 10.77.1.1
      wait 60; tick
      stage v0; publish v0; tick
      unpublish v0; unstage v0; tick)"));
}

TEST_F(TwinTest, TheKernelGivesUpAllPathsUnderAPod) {
  EXPECT_TRUE(Play({Ext4()}, R"(
      stage v0; publish v0
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      tick
      fault: controller lost v0 10.77.0.1
      fault: controller lost v0 10.77.1.1
      tick; publish v0; wait 60; tick
      portal heals 10.77.0.1
      wait 300; tick; tick; wait 300; tick
      portal heals 10.77.1.1
      wait 600; tick; tick
      unpublish v0; unstage v0; tick)"));
}

TEST_F(TwinTest, TheKernelGivesUpAllPathsUnderXfs) {
  EXPECT_TRUE(Play({Xfs()}, R"(
      stage x0; publish x0
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      fault: controller lost x0 10.77.0.1
      fault: controller lost x0 10.77.1.1
      tick
      portal heals 10.77.0.1
      portal heals 10.77.1.1
      wait 600; tick; tick; wait 600; tick
      unpublish x0; wait 600; tick
      publish x0; unpublish x0; unstage x0; tick)"));
}

TEST_F(TwinTest, TheKernelGivesUpAllPathsOfARawDisk) {
  EXPECT_TRUE(Play({Block()}, R"(
      stage b0; publish b0
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      fault: controller lost b0 10.77.0.1
      fault: controller lost b0 10.77.1.1
      tick
      portal heals 10.77.0.1
      portal heals 10.77.1.1
      wait 600; tick; tick; wait 600; tick
      unpublish b0; unstage b0; tick)"));
}

// A new plugin holds no disk open.
TEST_F(TwinTest, TheKernelGivesUpAllPathsOfADeadPlugin) {
  EXPECT_TRUE(Play({Block(), Ext4()}, R"(
      stage b0; publish b0; stage v0
      the process is dead
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      fault: controller lost b0 10.77.0.1
      fault: controller lost b0 10.77.1.1
      fault: controller lost v0 10.77.0.1
      fault: controller lost v0 10.77.1.1
      tick
      portal heals 10.77.0.1
      wait 600; tick; tick
      unpublish b0; unstage b0; unstage v0; tick
      portal heals 10.77.1.1
      tick)"));
}

TEST_F(TwinTest, ARawDiskIsTakenAwayWithoutAPath) {
  EXPECT_TRUE(Play({Block()}, R"(
      stage b0; publish b0
      fault: portal refuses 10.77.0.1
      fault: portal silent 10.77.1.1
      tick
      unpublish b0; unstage b0; tick
      stage b0
      unstage b0; tick)"));
}

TEST_F(TwinTest, ANamespaceVanishesAndComesBack) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0; stage b0; publish b0
      fault: namespace gone v0
      fault: namespace gone b0
      tick; tick
      publish v0; stage v0
      namespace back v0
      namespace back b0
      wait 60; tick; wait 600; tick; tick
      unpublish v0; unstage v0; unpublish b0; unstage b0; tick)"));
}

TEST_F(TwinTest, AnotherNamespaceAnswers) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0; stage b0; publish b0
      fault: another namespace v0
      fault: another namespace b0
      tick; tick
      publish v0; publish b0
      namespace back v0
      namespace back b0
      wait 600; tick; tick
      unpublish v0; unstage v0; unpublish b0; unstage b0; tick)"));
}

// The scan after the outage only drops what changed: the kernel has to be asked to look again.
TEST_F(TwinTest, AnotherNamespaceAnswersAfterAnOutage) {
  SimVolume volume = Ext4();
  volume.volume_context["maxPaths"] = "1";
  EXPECT_TRUE(Play({volume}, R"(
      stage v0; publish v0
      fault: portal refuses 10.77.0.1
      fault: another namespace, notice lost v0
      tick
      portal heals 10.77.0.1
      tick; tick; publish v0
      fault: portal refuses 10.77.0.1
      namespace back without notice v0
      portal heals 10.77.0.1
      tick; tick; wait 600; tick; tick
      unpublish v0; unstage v0; tick)"));
}

// A disk stays as long as any controller has a path to it, be it live or not. Nothing may read it
// meanwhile: here a read fails in the simulation and hangs in the kernel.
TEST_F(TwinTest, AnotherNamespaceAnswersOnePathAfterTheOther) {
  EXPECT_TRUE(Play({Block()}, R"(
      stage b0; publish b0
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      fault: another namespace, notice lost b0
      portal heals 10.77.0.1
      tick
      portal heals 10.77.1.1
      tick; tick
      namespace back b0
      wait 600; tick; tick
      unpublish b0; unstage b0; tick)"));
}

TEST_F(TwinTest, OnlyTheLivePathIsToldThatTheNamespaceIsGone) {
  EXPECT_TRUE(Play({Block()}, R"(
      stage b0; publish b0
      fault: portal refuses 10.77.0.1
      fault: namespace gone b0
      tick; tick
      namespace back b0
      tick
      fault: namespace gone b0
      portal heals 10.77.0.1
      tick; tick
      namespace back b0
      tick; wait 600; tick
      unpublish b0; unstage b0; tick)"));
}

TEST_F(TwinTest, ANamespaceGrows) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0; stage b0; publish b0
      fault: namespace grows v0
      fault: namespace grows b0
      tick
      expand v0; expand b0
      fault: portal refuses 10.77.0.1
      fault: portal refuses 10.77.1.1
      fault: namespace grows v0
      expand v0
      portal heals 10.77.0.1
      portal heals 10.77.1.1
      expand v0
      unpublish v0; unstage v0; unpublish b0
      fault: namespace grows b0
      unstage b0)"));
}

TEST_F(TwinTest, ThePluginDiesBetweenCalls) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; stage b0; publish b0
      the process is dead
      tick; publish v0
      the process is dead
      tick
      fault: controller deleted b0 10.77.0.1
      the process is dead
      tick; wait 60; tick; unpublish v0
      the process is dead
      unstage v0; unpublish b0
      the process is dead
      tick; unstage b0
      the process is dead
      tick)"));
}

TEST_F(TwinTest, ControllersAreDeletedByHand) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      stage v0; publish v0; stage b0; publish b0
      fault: controller deleted v0 10.77.0.1
      tick; wait 60; tick
      fault: controller deleted v0 10.77.0.1
      fault: controller deleted v0 10.77.1.1
      fault: controller deleted b0 10.77.0.1
      fault: controller deleted b0 10.77.1.1
      publish b0; tick; wait 600; tick; tick
      unpublish v0; unstage v0; unpublish b0; unstage b0; tick)"));
}

TEST_F(TwinTest, AConnectionOfAnotherIsNotTouched) {
  EXPECT_TRUE(Play({Ext4(), Block()}, R"(
      fault: peer connects v0 10.77.0.1
      fault: peer connects b0 10.77.1.1
      tick; stage v0; publish v0; tick; tick
      unpublish v0; unstage v0
      the process is dead
      tick; tick; tick
      stage v0
      fault: peer disconnects
      tick; wait 60; tick
      unstage v0; tick)"));
}

TEST_F(TwinTest, APodDoesNotLetGo) {
  EXPECT_TRUE(Play({Ext4()}, R"(
      stage v0; publish v0
      fault: mount busy v0
      unpublish v0; unstage v0; tick
      nothing is busy
      unpublish v0; unstage v0; tick)"));
}

}  // namespace
}  // namespace nvmeof::testing
