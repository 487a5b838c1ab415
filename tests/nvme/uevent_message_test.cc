#include "nvme/uevent_message.h"

#include <string>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace nvmeof::nvme {
namespace {

struct MessageCase {
  std::vector<std::string> fields;
  bool concerns;
};

class UeventMessageTest : public ::testing::TestWithParam<MessageCase> {};

TEST_P(UeventMessageTest, ConcernsNvmeOrNot) {
  const std::string message = absl::StrJoin(GetParam().fields, std::string(1, '\0')) + '\0';
  EXPECT_EQ(ConcernsNvme(message), GetParam().concerns) << GetParam().fields.front();
}

// As the kernel sent them.
INSTANTIATE_TEST_SUITE_P(
    Table, UeventMessageTest,
    ::testing::Values(
        MessageCase{{"add@/devices/virtual/nvme-fabrics/ctl/nvme0", "ACTION=add",
                     "DEVPATH=/devices/virtual/nvme-fabrics/ctl/nvme0", "SUBSYSTEM=nvme",
                     "MAJOR=240", "MINOR=0", "DEVNAME=nvme0", "NVME_TRTYPE=tcp", "SEQNUM=1201"},
                    true},
        MessageCase{{"change@/devices/virtual/nvme-fabrics/ctl/nvme0", "ACTION=change",
                     "SUBSYSTEM=nvme", "NVME_EVENT=connected", "DEVNAME=nvme0"},
                    true},
        MessageCase{{"add@/devices/virtual/nvme-subsystem/nvme-subsys0", "ACTION=add",
                     "SUBSYSTEM=nvme-subsystem", "SEQNUM=1202"},
                    true},
        MessageCase{{"add@/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "ACTION=add",
                     "SUBSYSTEM=block", "DEVNAME=nvme0n1", "DEVTYPE=disk", "DISKSEQ=27"},
                    true},
        MessageCase{{"change@/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "ACTION=change",
                     "SUBSYSTEM=block", "RESIZE=1", "DEVNAME=nvme0n1", "DEVTYPE=disk"},
                    true},
        MessageCase{
            {"add@/devices/virtual/block/loop0", "ACTION=add", "SUBSYSTEM=block", "DEVNAME=loop0"},
            false},
        MessageCase{{"add@/devices/virtual/bdi/259:1", "ACTION=add", "SUBSYSTEM=bdi"}, false},
        MessageCase{{"add@/devices/virtual/nvme-subsystem/nvme-subsys0/ng0n1", "ACTION=add",
                     "SUBSYSTEM=nvme-generic", "DEVNAME=ng0n1"},
                    false},
        MessageCase{
            {"add@/devices/virtual/nvme-fabrics/ctl/nvme0/hwmon1", "ACTION=add", "SUBSYSTEM=hwmon"},
            false},
        MessageCase{{"add@/module/nvme_tcp", "ACTION=add", "SUBSYSTEM=module"}, false},
        MessageCase{{"add@/devices/x", "ACTION=add", "OTHER_SUBSYSTEM=block", "DEVNAME=nvme0n1"},
                    false},
        MessageCase{{"garbage"}, false}, MessageCase{{""}, false}));

}  // namespace
}  // namespace nvmeof::nvme
