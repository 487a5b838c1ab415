// Player: the node half on a Machine, and the steps of a history as they are done to both.
//
// A step is a line in the words of a Simulation's story (sim_test --seed N --verbose), with volumes
// by their ids and portals by their addresses:
//
//   stage V · publish V · unpublish V · unstage V · expand V · tick · wait SECONDS
//   the process is dead                       and a new one begins over what it left
//   fault: portal refuses P · fault: portal silent P · portal heals P
//   fault: controller lost V P                the kernel gives the path up
//   fault: controller deleted V P             somebody deletes it
//   fault: namespace gone V · fault: namespace grows V
//   fault: another namespace V · fault: another namespace, notice lost V
//   namespace back V · namespace back without notice V
//   fault: peer connects V P · fault: peer disconnects
//   fault: mount busy V · nothing is busy
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "base/call.h"
#include "base/claims.h"
#include "node/node_half.h"
#include "tests/fakes/fake_discovery.h"
#include "tests/vm/twin/machine.h"

namespace nvmeof::testing {

// One thread at a time. Borrows the machine.
class Player {
 public:
  using Arguments = std::vector<std::string>;

  explicit Player(Machine& machine);

  struct Answer {
    absl::Status status;  // of a call; OK of all other steps
  };
  // An error when the step could not be played.
  absl::StatusOr<Answer> Play(const std::string& step);

  // What can be seen of each volume, one line for each fact.
  std::vector<std::string> Look() const;

 private:
  struct Verb;
  static const std::vector<Verb>& Verbs();

  absl::Status Stage(const SimVolume& volume);
  absl::Status Publish(const SimVolume& volume);
  absl::Status Unpublish(const SimVolume& volume);
  absl::Status Unstage(const SimVolume& volume);
  absl::Status Expand(const SimVolume& volume);
  absl::Status Wait(const std::string& seconds);
  void Begin();
  void RunBegun();
  base::Call NewCall() const;
  volume::Target TargetOf(const SimVolume& volume) const;
  SimVolume& Volume(const std::string& id) const;

  Machine& machine_;
  base::Claims claims_;
  FakeDiscovery discovery_;
  std::unique_ptr<node::NodeHalf> half_;
  std::deque<absl::AnyInvocable<absl::Status()>> begun_;  // by the reconciler
};

}  // namespace nvmeof::testing
