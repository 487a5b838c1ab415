// Lab: the whole product in one guest: a storage node with the agent, a controller plugin, a node
// plugin, real links between them, and what is left of a volume when all is over.
//
// The agent runs in the network namespace "storage", everything else in the guest's own. All state
// is under one folder of the guest's disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/vm/agent.h"
#include "tests/vm/csi_client.h"
#include "tests/vm/network.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/process.h"

namespace nvmeof::testing {

// One thread at a time. Destruction ends the processes and removes whatever a failed case left in
// the kernel, so that the next case starts from nothing.
class Lab {
 public:
  // An empty lab on the guest's disk, without a process. `name` is part of the log files' names,
  // `pool` the agent's; without one it has a folder.
  static absl::StatusOr<std::unique_ptr<Lab>> Create(const std::string& name,
                                                     const std::string& pool = "");
  // The same with all three processes.
  static absl::StatusOr<std::unique_ptr<Lab>> Start(const std::string& name,
                                                    const std::string& pool = "");
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;
  ~Lab();

  // How the agent is started next.
  AgentPlan& agent_plan() { return agent_; }

  // Each starts its process and returns when it serves.
  absl::Status StartTarget();
  absl::Status StartController();
  absl::Status StartNode();
  Process& target() { return *target_; }
  Process& controller() { return *controller_; }
  Process& node() { return *node_; }

  Network& network() { return *network_; }
  Cluster cluster() { return {&controller_client_, &node_client_, host_nqn(), Folder("kubelet")}; }
  CsiClient& controller_client() { return controller_client_; }
  CsiClient& node_client() { return node_client_; }

  std::string Folder(const std::string& name) const { return root_ + "/" + name; }
  std::string Socket(const std::string& plugin) const { return root_ + "/" + plugin + ".sock"; }
  static std::string host_nqn();
  static std::string host_id();

  // StorageClass parameters for all of the network's paths.
  static std::map<std::string, std::string> AllPaths();

  // Everything that should be gone when no volume is left, one line each: controllers, subsystems,
  // mounts, exports, volume files, stage records, staging and target paths.
  std::vector<std::string> Leftovers() const;

  // Of a process, kept with the results.
  std::string LogFile(const std::string& process) const;
  // The end of each process's log, for people.
  std::string LastWords() const;

 private:
  Lab(std::string name, const std::string& pool);
  absl::Status Prepare();

  const std::string name_;
  const std::string root_;
  AgentPlan agent_;
  std::unique_ptr<Network> network_;
  CsiClient controller_client_;
  CsiClient node_client_;
  std::unique_ptr<Process> target_;
  std::unique_ptr<Process> controller_;
  std::unique_ptr<Process> node_;
};

}  // namespace nvmeof::testing
