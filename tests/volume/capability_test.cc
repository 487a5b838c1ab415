#include "volume/capability.h"

#include <vector>

#include "gtest/gtest.h"

namespace nvmeof::volume {
namespace {

struct ModeRow {
  AccessMode mode;
  bool multi_node;
  bool read_only;
  bool several_paths;
};

TEST(AccessModeTest, SaysWhatItAllows) {
  const std::vector<ModeRow> rows = {{AccessMode::kSingleNodeWriter, false, false, false},
                                     {AccessMode::kSingleNodeReaderOnly, false, true, false},
                                     {AccessMode::kMultiNodeReaderOnly, true, true, true},
                                     {AccessMode::kMultiNodeSingleWriter, true, false, true},
                                     {AccessMode::kMultiNodeMultiWriter, true, false, true},
                                     {AccessMode::kSingleNodeSingleWriter, false, false, false},
                                     {AccessMode::kSingleNodeMultiWriter, false, false, true}};
  for (const ModeRow& row : rows) {
    SCOPED_TRACE(static_cast<int>(row.mode));
    EXPECT_EQ(IsMultiNode(row.mode), row.multi_node);
    EXPECT_EQ(IsReadOnly(row.mode), row.read_only);
    EXPECT_EQ(MayPublishAtSeveralPaths(row.mode), row.several_paths);
  }
}

}  // namespace
}  // namespace nvmeof::volume
