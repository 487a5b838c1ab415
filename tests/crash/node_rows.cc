// The node's operations: stage, publish, unpublish, unstage, expand, repair.
#include <vector>

#include "tests/crash/crash_table.h"

namespace nvmeof::testing {

std::vector<Row> NodeRows() { return {}; }

}  // namespace nvmeof::testing
