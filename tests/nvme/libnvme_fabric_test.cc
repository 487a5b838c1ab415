#include "nvme/libnvme_fabric.h"

#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/nvme/sysfs_tree.h"

namespace nvmeof::nvme {
namespace {

using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::SysfsTree;

constexpr char kController[] = "/sys/devices/virtual/nvme-fabrics/ctl/nvme0";

volume::Nqn ParseNqn(absl::string_view text) { return *volume::Nqn::Parse(text); }

// What it writes to sysfs; connects need a kernel and are tested in the guest.
class LibnvmeFabricTest : public ::testing::Test {
 protected:
  LibnvmeFabricTest() {
    tree_.Add(std::string(kController) + "/delete_controller", "");
    tree_.Add(std::string(kController) + "/rescan_controller", "");
  }

  std::string Content(const std::string& attribute) const {
    return tree_.Content(std::string(kController) + "/" + attribute);
  }

  SysfsTree tree_{"6.12-one-path"};
  LibnvmeFabric fabric_{{ParseNqn("nqn.2026-01.dev.nvmeof:node-1"), "id"}, tree_.sys()};
  const volume::Nqn connected_ =
      ParseNqn("nqn.2026-01.dev.nvmeof:11112222333344445555666677778888");
};

TEST_F(LibnvmeFabricTest, DeletesAController) {
  EXPECT_OK(fabric_.Disconnect(connected_, "nvme0"));
  EXPECT_EQ(Content("delete_controller"), "1");
}

TEST_F(LibnvmeFabricTest, LeavesAloneTheControllerThatTookTheName) {
  EXPECT_OK(fabric_.Disconnect(ParseNqn("nqn.2026-01.dev.nvmeof:another"), "nvme0"));
  EXPECT_EQ(Content("delete_controller"), "");
}

TEST_F(LibnvmeFabricTest, HasNothingToDeleteWhereTheControllerIsGone) {
  EXPECT_OK(fabric_.Disconnect(connected_, "nvme7"));
  tree_.Remove(std::string(kController) + "/delete_controller");
  EXPECT_OK(fabric_.Disconnect(connected_, "nvme0"));
}

TEST_F(LibnvmeFabricTest, RescansAController) {
  EXPECT_OK(fabric_.Rescan("nvme0"));
  EXPECT_EQ(Content("rescan_controller"), "1");
  EXPECT_THAT(fabric_.Rescan("nvme7"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LibnvmeFabricTest, SetsTheIoPolicyOfASubsystem) {
  EXPECT_OK(fabric_.SetIoPolicy("nvme-subsys0", volume::IoPolicy::kQueueDepth));
  EXPECT_EQ(tree_.Content("/sys/class/nvme-subsystem/nvme-subsys0/iopolicy"), "queue-depth");
  EXPECT_THAT(fabric_.SetIoPolicy("nvme-subsys7", volume::IoPolicy::kNuma),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LibnvmeFabricTest, RefusesNamesThatTheKernelDoesNotGive) {
  for (const char* name : {"", "nvme", "../nvme0", "nvme0/../nvme0", "nvme-subsys0", "nvme0n1"}) {
    EXPECT_THAT(fabric_.Disconnect(connected_, name), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(fabric_.Rescan(name), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(fabric_.SetIoPolicy("../nvme", volume::IoPolicy::kNuma),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LibnvmeFabricTest, RefusesTimesThatLibnvmeCannotExpress) {
  ConnectRequest request = {connected_, {{"tcp", "192.0.2.1", "4420"}, {}}, {}};
  request.options.keep_alive_tmo = absl::ZeroDuration();
  EXPECT_THAT(fabric_.Connect(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace nvmeof::nvme
