// ControllerUnpublish is a fence: whatever state its node is in, after OK not one more byte of that
// host arrives.
#include <sys/stat.h>

#include <iostream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/exported.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/write_loop.h"

namespace nvmeof::testing {
namespace {

enum class NodeState { kWell, kDead, kPaused, kReconnecting };

// When the storage's file was written last; the kernel target counts nothing.
absl::Time Written(const std::string& file) {
  struct stat facts {};
  EXPECT_EQ(::stat(file.c_str(), &facts), 0);
  return absl::TimeFromTimespec(facts.st_mtim);
}

class Fence : public FaultTest, public ::testing::WithParamInterface<NodeState> {
 protected:
  void Weaken(NodeState state, const PodVolume& volume, const WriteLoop& writing) {
    if (state == NodeState::kDead) lab().node().Kill();
    if (state == NodeState::kPaused) {
      lab().node().Pause();
      writing.Pause();
    }
    if (state == NodeState::kReconnecting) {
      ASSERT_OK(lab().network().Cut(0));
      ASSERT_OK(lab().network().Cut(1));
      ASSERT_TRUE(IsLive(volume, 0));
    }
  }
  void Strengthen(NodeState state, const WriteLoop& writing) {
    if (state == NodeState::kPaused) {
      writing.Resume();
      lab().node().Resume();
    }
    if (state == NodeState::kReconnecting) {
      ASSERT_OK(lab().network().Heal());
    }
  }
};

TEST_P(Fence, NotOneMoreByteArrives) {
  PodVolume volume = NewVolume(VolumeKind::kBlock, {{"ctrlLossTmo", "60"}, {"fastIoFailTmo", "8"}});
  ASSERT_OK(Bring(volume));
  const std::string file = Exported(volume.nqn()).Namespace().file;
  const auto writing = WriteLoop::Start(volume.data_path());
  ASSERT_OK(writing);
  ASSERT_TRUE((*writing)->WaitFor(300, kPatience)) << "more than once over the region";
  ASSERT_NO_FATAL_FAILURE(Weaken(GetParam(), volume, **writing));

  ASSERT_OK(volume.ControllerUnpublish());
  const auto fenced = WriteLoop::LastIn(file);
  ASSERT_OK(fenced);
  const absl::Time written = Written(file);
  ASSERT_NO_FATAL_FAILURE(Strengthen(GetParam(), **writing));
  EXPECT_TRUE((*writing)->WaitForError(kPatience)) << "the workload is never told";
  absl::SleepFor(absl::Seconds(2));

  const auto last = WriteLoop::LastIn(file);
  ASSERT_OK(last);
  std::cout << "last write accepted before OK: " << *fenced << ", after: " << *last - *fenced
            << "\n";
  EXPECT_EQ(*last, *fenced);
  EXPECT_EQ(Written(file), written);
  EXPECT_LE((*writing)->accepted(), *fenced) << "the host was told of a write that is not there";

  if (GetParam() == NodeState::kDead) {
    ASSERT_OK(lab().StartNode());
  }
  EXPECT_OK(volume.Unpublish());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.Delete());
}

std::string StateName(const ::testing::TestParamInfo<NodeState>& state) {
  switch (state.param) {
    case NodeState::kWell:
      return "well";
    case NodeState::kDead:
      return "dead";
    case NodeState::kPaused:
      return "paused";
    case NodeState::kReconnecting:
      return "reconnecting";
  }
  return "unknown";
}

INSTANTIATE_TEST_SUITE_P(NodeIs, Fence,
                         ::testing::Values(NodeState::kWell, NodeState::kDead, NodeState::kPaused,
                                           NodeState::kReconnecting),
                         StateName);

}  // namespace
}  // namespace nvmeof::testing
