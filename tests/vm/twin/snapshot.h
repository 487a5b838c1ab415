// Snapshot: what can be seen of a volume on a node: its paths, its disk, what is mounted for it,
// what the plugin says and keeps. The same on two machines when they are in the same state: names
// and numbers that a kernel is free to choose do not appear.
#pragma once

#include <string>
#include <vector>

#include "node/node_half.h"
#include "tests/vm/twin/machine.h"

namespace nvmeof::testing {

// One line for each fact: "v0 paths: 10.77.0.1 live, 10.77.1.1 connecting".
std::vector<std::string> Snapshot(Machine& machine, const node::NodeHalf& half,
                                  const SimVolume& volume);

}  // namespace nvmeof::testing
