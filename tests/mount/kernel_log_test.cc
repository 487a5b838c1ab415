#include "mount/kernel_log.h"

#include <fstream>
#include <string>

#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"

namespace nvmeof::mount {
namespace {

class KernelLogTest : public ::testing::Test {
 protected:
  KernelLogTest() { Write("3,1,10,-;XFS (nvme0n1): before\n"); }

  void Write(const std::string& record) const { std::ofstream(path_, std::ios::app) << record; }

  testing::TemporaryDirectory folder_;
  std::string path_ = folder_.File("kmsg");
};

TEST_F(KernelLogTest, TellsWhatIsLoggedAboutTheDeviceFromThenOn) {
  KernelLog log(path_);
  Write("4,2,20,-;XFS (nvme0n1): Filesystem has duplicate UUID - can't mount\n");
  Write("3,3,21,-;EXT4-fs (nvme0n10): another disk\n");
  Write("6,4,22,-;nvme0n1: only information\n SUBSYSTEM=block\n");
  Write("11,5,23,-;I/O error, dev nvme0n1, sector 0\n");
  EXPECT_EQ(log.Since("nvme0n1"),
            "XFS (nvme0n1): Filesystem has duplicate UUID - can't mount; "
            "I/O error, dev nvme0n1, sector 0");
}

TEST_F(KernelLogTest, AnAbsentLogHasNoWords) {
  EXPECT_EQ(KernelLog(folder_.File("absent")).Since("nvme0n1"), "");
}

TEST_F(KernelLogTest, ManyLinesAreCut) {
  KernelLog log(path_);
  for (int i = 0; i < 100; ++i) Write("3,1,1,-;nvme0n1 x\n");
  EXPECT_LT(log.Since("nvme0n1").size(), 100u);
}

}  // namespace
}  // namespace nvmeof::mount
