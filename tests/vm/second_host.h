// SecondHost: another node of the lab's cluster, in the same kernel: a node plugin with a host NQN,
// a socket and a state folder of its own.
//
// The kernel must run with nvme_core.multipath=N (LoadNvme): otherwise it takes the paths of both
// hosts to one subsystem for paths of one disk.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/vm/lab.h"
#include "tests/vm/peer.h"

namespace nvmeof::testing {

// One thread at a time. Destruction ends the plugin. Borrows the lab.
class SecondHost {
 public:
  static absl::StatusOr<std::unique_ptr<SecondHost>> Start(Lab& lab);

  // As Lab::cluster(); its folders are below the lab's.
  Cluster cluster() { return {&lab_.controller_client(), &client_, host().nqn, kubelet()}; }
  std::string state_folder() const { return lab_.Folder("state-second"); }
  static Host host();

 private:
  explicit SecondHost(Lab& lab) : lab_(lab), client_(lab.Socket("node-second")) {}
  std::string kubelet() const { return lab_.Folder("kubelet/second"); }

  Lab& lab_;
  CsiClient client_;
  std::unique_ptr<Process> node_;
};

}  // namespace nvmeof::testing
