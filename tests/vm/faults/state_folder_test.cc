// The disk under the node plugin's records fails; a record is the first thing that a call writes.
#include <sys/mount.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A way to spoil the folder $1, which is an ext4 of 16 MiB on the device $2 that dmsetup calls
// "flaky", and to mend it.
struct Spoilt {
  std::string name;
  std::string words;  // of the error; none when the page cache hides it: records are not synced
  std::string spoil;
  std::string mend;
};

class StateFolderFault : public FaultTest, public ::testing::WithParamInterface<Spoilt> {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    lab().node().Kill();
    ASSERT_OK(
        Shell("modprobe dm-mod && "
              "dmsetup create flaky --table \"0 32768 linear $NVMEOF_SPARE 0\" && "
              "mkfs.ext4 -q -F -O ^has_journal /dev/mapper/flaky && "
              "mount -o errors=continue /dev/mapper/flaky \"$1\""));
    ASSERT_OK(lab().StartNode());
  }
  void TearDown() override {
    lab().node().Kill();  // it would go on in the folder below
    Shell("umount -l \"$1\"; dmsetup remove --retry flaky").IgnoreError();
    FaultTest::TearDown();
  }
  absl::Status Shell(const std::string& script) {
    return RunTool({"sh", "-c", script, "sh", lab().Folder("state")});
  }
};

TEST_P(StateFolderFault, IsSaidAndLeavesNothingHalfDone) {
  PodVolume volume = NewVolume(VolumeKind::kExt4);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());

  ASSERT_OK(Shell(GetParam().spoil));
  const absl::Status staged = volume.Stage();
  std::cout << staged << "\n";
  EXPECT_THAT(staged.ToString(), HasSubstr(GetParam().words));
  if (!staged.ok()) {
    EXPECT_THAT(KernelPaths(), IsEmpty()) << "connected without a promise";
  }
  ASSERT_OK(Shell(GetParam().mend));
  EXPECT_OK(volume.Stage());
  EXPECT_OK(volume.Publish());

  ASSERT_OK(Shell(GetParam().spoil));
  EXPECT_THAT(volume.Detach().ToString(), HasSubstr(GetParam().words));
  ASSERT_OK(Shell(GetParam().mend));
  EXPECT_OK(TakeAway(volume));
}

INSTANTIATE_TEST_SUITE_P(Errors, StateFolderFault,
                         ::testing::Values(
                             // To the last block, and no inode either.
                             Spoilt{"ENOSPC", "No space left on device",
                                    "dd if=/dev/zero of=\"$1/filler\" bs=64k 2>/dev/null; "
                                    "dd if=/dev/zero of=\"$1/filler2\" bs=1k 2>/dev/null; sync",
                                    "rm \"$1/filler\" \"$1/filler2\""},
                             Spoilt{"EROFS", "Read-only file system", "mount -o remount,ro \"$1\"",
                                    "mount -o remount,rw \"$1\""},
                             Spoilt{
                                 "EIO", "",
                                 "dmsetup suspend --noflush --nolockfs flaky && "
                                 "dmsetup load flaky --table '0 32768 error' && "
                                 "dmsetup resume flaky",
                                 "dmsetup suspend --noflush --nolockfs flaky && "
                                 "dmsetup load flaky --table \"0 32768 linear $NVMEOF_SPARE 0\" && "
                                 "dmsetup resume flaky && mount -o remount,rw \"$1\""}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace nvmeof::testing
