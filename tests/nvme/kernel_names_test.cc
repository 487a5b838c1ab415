#include "nvme/kernel_names.h"

#include "gtest/gtest.h"

namespace nvmeof::nvme {
namespace {

struct Case {
  absl::string_view name;
  bool controller;
  bool subsystem;
  bool disk;
  bool path_disk = false;
};

class KernelNamesTest : public ::testing::TestWithParam<Case> {};

TEST_P(KernelNamesTest, AreToldByTheirShape) {
  const Case& c = GetParam();
  EXPECT_EQ(IsControllerName(c.name), c.controller) << c.name;
  EXPECT_EQ(IsSubsystemName(c.name), c.subsystem) << c.name;
  EXPECT_EQ(IsDiskName(c.name), c.disk) << c.name;
  EXPECT_EQ(IsPathDiskName(c.name), c.path_disk) << c.name;
}

INSTANTIATE_TEST_SUITE_P(
    Table, KernelNamesTest,
    ::testing::Values(
        Case{"nvme0", true, false, false}, Case{"nvme154", true, false, false},
        Case{"nvme-subsys0", false, true, false}, Case{"nvme0n1", false, false, true},
        Case{"nvme12n34", false, false, true}, Case{"nvme0c1n1", false, false, false, true},
        Case{"nvme0c1n1p1", false, false, false}, Case{"nvme0c1", false, false, false},
        Case{"nvme0n1p1", false, false, false}, Case{"", false, false, false},
        Case{"nvme", false, false, false}, Case{"nvmen1", false, false, false},
        Case{"nvme0n", false, false, false}, Case{"ng0n1", false, false, false},
        Case{"nvme-subsys", false, false, false}, Case{"nvme-fabrics", false, false, false},
        Case{"nvme0/../nvme1", false, false, false}, Case{"../nvme0", false, false, false},
        Case{"nvme0 ", false, false, false}, Case{"nvme-1", false, false, false},
        Case{"nvme99999999999", false, false, false}));

}  // namespace
}  // namespace nvmeof::nvme
