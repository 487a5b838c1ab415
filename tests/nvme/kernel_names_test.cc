#include "nvme/kernel_names.h"

#include "gtest/gtest.h"

namespace nvmeof::nvme {
namespace {

struct NameCase {
  absl::string_view name;
  bool controller;
  bool subsystem;
  bool disk;
  bool path_disk = false;
};

class KernelNamesTest : public ::testing::TestWithParam<NameCase> {};

TEST_P(KernelNamesTest, AreToldByTheirShape) {
  const NameCase& c = GetParam();
  EXPECT_EQ(IsControllerName(c.name), c.controller) << c.name;
  EXPECT_EQ(IsSubsystemName(c.name), c.subsystem) << c.name;
  EXPECT_EQ(IsDiskName(c.name), c.disk) << c.name;
  EXPECT_EQ(IsPathDiskName(c.name), c.path_disk) << c.name;
}

INSTANTIATE_TEST_SUITE_P(
    Table, KernelNamesTest,
    ::testing::Values(
        NameCase{"nvme0", true, false, false}, NameCase{"nvme154", true, false, false},
        NameCase{"nvme-subsys0", false, true, false}, NameCase{"nvme0n1", false, false, true},
        NameCase{"nvme12n34", false, false, true}, NameCase{"nvme0c1n1", false, false, false, true},
        NameCase{"nvme0c1n1p1", false, false, false}, NameCase{"nvme0c1", false, false, false},
        NameCase{"nvme0n1p1", false, false, false}, NameCase{"", false, false, false},
        NameCase{"nvme", false, false, false}, NameCase{"nvmen1", false, false, false},
        NameCase{"nvme0n", false, false, false}, NameCase{"ng0n1", false, false, false},
        NameCase{"nvme-subsys", false, false, false}, NameCase{"nvme-fabrics", false, false, false},
        NameCase{"nvme0/../nvme1", false, false, false}, NameCase{"../nvme0", false, false, false},
        NameCase{"nvme0 ", false, false, false}, NameCase{"nvme-1", false, false, false},
        NameCase{"nvme99999999999", false, false, false}));

}  // namespace
}  // namespace nvmeof::nvme
