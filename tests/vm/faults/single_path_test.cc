// A kernel without native multipath (nvme_core.multipath=N): each path is a disk of its own. It
// also lets one kernel be two hosts of one volume.
#include <iostream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/exported.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/peer.h"
#include "tests/vm/second_host.h"
#include "tests/vm/write_loop.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WithoutMultipath : public FaultTest {
 protected:
  static void SetUpTestSuite() {
    DropLab();
    ClearKernelTarget();
    ASSERT_OK(LoadNvme("multipath=N"));
  }
  static void TearDownTestSuite() {
    DropLab();
    ClearKernelTarget();
    ASSERT_OK(LoadNvme("multipath=Y"));
  }
  static Parameters OnePath() { return {{"maxPaths", "1"}, {"fastIoFailTmo", "1"}}; }
};

TEST_F(WithoutMultipath, SeveralPathsAreRefusedWithWhatToSet) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  const absl::Status staged = volume.Stage();
  std::cout << staged << "\n";
  EXPECT_THAT(staged, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("nvme_core.multipath=Y"), HasSubstr("maxPaths"))));
  EXPECT_THAT(KernelPaths(), IsEmpty());
  EXPECT_OK(volume.Unstage());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

TEST_F(WithoutMultipath, VolumeOfOnePathWorks) {
  PodVolume volume = NewVolume(VolumeKind::kExt4, OnePath());
  ASSERT_OK(Bring(volume, 1));
  Writer writer(volume.data_path(), kRegion);
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(50, kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(volume.Detach());
  EXPECT_OK(volume.Attach());
  EXPECT_OK(writer.Verify(volume.data_path()));
  EXPECT_OK(TakeAway(volume));
}

TEST_F(WithoutMultipath, VolumeOfOneNodeIsNeverWritableFromTwoHosts) {
  const auto other = SecondHost::Start(lab());
  ASSERT_OK(other);
  PodVolume here = NewVolume(VolumeKind::kBlock, OnePath());
  ASSERT_OK(Bring(here, 1));
  const std::string file = Exported(here.nqn()).Namespace().file;
  // The same volume by name; the controller knows it.
  PodVolume there = NewVolumeOn((*other)->cluster(), VolumeKind::kBlock, OnePath());
  ASSERT_OK(there.Create());
  ASSERT_EQ(there.id(), here.id());
  EXPECT_THAT(there.ControllerPublish(), StatusIs(absl::StatusCode::kFailedPrecondition));

  // And if its node came with a context that it was never given:
  PodVolume thief(
      (*other)->cluster(),
      {.name = "pvc", .kind = VolumeKind::kBlock, .bytes = kBytes, .parameters = OnePath()},
      here.publish_context());
  EXPECT_THAT(thief.Stage(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(thief.Unstage());

  const auto writing = WriteLoop::Start(here.data_path());
  ASSERT_OK(writing);
  ASSERT_TRUE((*writing)->WaitFor(50, kPatience));
  ASSERT_OK(here.ControllerUnpublish());
  // The target may give the number of the first host's controller out again, which a kernel that is
  // both hosts refuses until it has given up the first one.
  ASSERT_OK(Patiently([&] { return there.Attach(); }));
  Writer writer(there.data_path(), WriteLoop::kRegion);
  writer.Start();
  EXPECT_TRUE(writer.WaitFor(WriteLoop::kRegion / 4096 + 50, kPatience)) << "all of the region";
  EXPECT_TRUE((*writing)->WaitForError(kPatience));
  EXPECT_OK(writer.Stop());
  EXPECT_OK(writer.Verify(there.data_path())) << "the first host wrote, too";
  EXPECT_OK(writer.Verify(file));

  EXPECT_OK(there.Detach());
  EXPECT_OK(here.Unpublish());
  EXPECT_OK(here.Unstage());
  EXPECT_OK(here.Delete());
  EXPECT_THAT(FilesBelow((*other)->state_folder()), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::testing
