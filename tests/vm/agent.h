// Starting the agent of a storage node, as a suite wants it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/vm/process.h"

namespace nvmeof::testing {

struct AgentPlan {
  int port = 4421;           // of its service, on the address of the first portal
  std::vector<int> portals;  // of the lab's network
  std::string pool;          // folder, or lvm:VG/POOL
  std::string log;           // file
  std::string state = {};    // folder of an LVM pool's records
  int nvme_port = 4420;      // of the portals
  std::vector<std::string> more_arguments = {};

  std::string address() const;
};

// `nvmeof-csi target` in the storage node's network namespace; returns when it serves.
absl::StatusOr<std::unique_ptr<Process>> StartAgent(const AgentPlan& plan);

}  // namespace nvmeof::testing
