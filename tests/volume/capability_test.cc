#include "volume/capability.h"

#include "gtest/gtest.h"

namespace nvmeof::volume {
namespace {

struct Row {
  AccessMode mode;
  bool multi_node;
  bool read_only;
  bool several_paths;
};

class AccessModeTest : public ::testing::TestWithParam<Row> {};

TEST_P(AccessModeTest, SaysWhatItAllows) {
  const Row& row = GetParam();
  EXPECT_EQ(IsMultiNode(row.mode), row.multi_node);
  EXPECT_EQ(IsReadOnly(row.mode), row.read_only);
  EXPECT_EQ(MayPublishAtSeveralPaths(row.mode), row.several_paths);
}

INSTANTIATE_TEST_SUITE_P(
    Modes, AccessModeTest,
    ::testing::Values(Row{AccessMode::kSingleNodeWriter, false, false, false},
                      Row{AccessMode::kSingleNodeReaderOnly, false, true, false},
                      Row{AccessMode::kMultiNodeReaderOnly, true, true, true},
                      Row{AccessMode::kMultiNodeSingleWriter, true, false, true},
                      Row{AccessMode::kMultiNodeMultiWriter, true, false, true},
                      Row{AccessMode::kSingleNodeSingleWriter, false, false, false},
                      Row{AccessMode::kSingleNodeMultiWriter, false, false, true}));

}  // namespace
}  // namespace nvmeof::volume
