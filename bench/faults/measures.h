// The parts of faults_bench. Each prints its table and leaves the lab as it found it.
#pragma once

#include "absl/status/status.h"

#include "tests/vm/lab.h"

namespace nvmeof::bench {

// Attaching beside portals that do not answer: of the same volume, of another one.
absl::Status MeasureDeadPortals(testing::Lab& lab);

// Many volumes: at once, and what the others cost when they are attached.
absl::Status MeasureCrowd(testing::Lab& lab);

// From the network's return to the first write that the disk takes.
absl::Status MeasureRecovery(testing::Lab& lab);

}  // namespace nvmeof::bench
