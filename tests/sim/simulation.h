// Simulation: one random history of the node half in a SimWorld, made by its seed alone: calls as
// the kubelet makes them, overlapping calls, ticks, faults, kills and reboots; then rest, and the
// end of all volumes. It stops at the first broken promise.
//
// Overlap without threads: at a call of a seam, something else may run to its end before the
// interrupted call goes on. Not inside a connect, where the scheduler's turn is taken and a second
// connect would wait for the first.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/call.h"
#include "base/claims.h"
#include "base/workers.h"
#include "node/node_half.h"
#include "tests/sim/rng.h"
#include "tests/sim/sim_world.h"

namespace nvmeof::testing {

struct SimOptions {
  std::uint64_t seed = 1;
  int most_steps = 1000;  // a history that is longer is cut there
  bool tell = false;      // keep the story
  // A world with a mistake in it, for the test of the simulation itself.
  std::function<void(SimWorld&)> breakage;
};

struct SimResult {
  std::string violation;  // empty: every promise was kept
  std::vector<std::string> story;
  int steps = 0;
  std::map<std::string, std::int64_t> happened;  // by kind: "kill", "portal silent", ...
};

class Simulation {
 public:
  explicit Simulation(SimOptions options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation() = default;

  SimResult Run();

 private:
  // What the kubelet believes of a mount that it asked for.
  enum class Belief { kNothing, kPerhaps, kThere };

  struct Pod {
    bool wanted = false;
    Belief staged = Belief::kNothing;
    std::vector<Belief> published;
    volume::StringMap context;  // as ControllerPublishVolume answered last
  };

  // One thing under way: a call on a volume, or (volume < 0) work of the reconciler.
  struct Frame {
    int volume = -1;
    std::set<int> touched;
    absl::Duration nested;
    bool claims = false;
  };

  using Step = absl::AnyInvocable<absl::Status()>;

  // simulation.cc: the history.
  void OneStep();
  void Interrupt(SimWorld::Seam seam);
  void AnyCall();
  void Tick();
  void RunPending();
  void KillSoon();
  void StartProcess();
  void Reboot();
  std::string BootId() const;
  void Wait(absl::Duration time);
  // faults.cc: what happens to the world.
  void AnyFault();
  void SayFault(const std::string& kind, const std::string& about);
  void PathFault(int kind, const SimVolume& volume, SimAgent& agent);
  void NamespaceFault(int kind, int v);
  void OtherFault(int kind, SimVolume& volume, SimAgent& agent);
  void MendSomething();
  bool IsMarked(const volume::Nqn& subsystem, const volume::Path& path);
  void EndPods();
  void MendAll();
  // kubelet.cc: calls.
  void CallFor(int volume);
  void Stage(int volume);
  void Unstage(int volume);
  void Publish(int volume, int target);
  void Unpublish(int volume, int target);
  void Expand(int volume);
  void LookAt(int volume);
  absl::Status Call(int volume, const std::string& name,
                    const std::function<absl::Status(base::Call&)>& body);
  void EndAll();
  // judge.cc: what must hold.
  void OnTouch(const std::string& verb, const std::string& path, const std::string& disk);
  void JudgeStep();
  void JudgeRest();
  void JudgePromises();
  void JudgeEmpty();
  std::optional<int> VolumeAt(const std::string& path) const;

  void Violate(const std::string& what);
  bool ended() const { return !result_.violation.empty(); }
  void Count(const std::string& kind) { ++result_.happened[kind]; }
  void Tell(const std::string& line);

  const SimOptions options_;
  Rng rng_;
  SimResult result_;
  std::unique_ptr<SimWorld> world_;
  std::unique_ptr<base::Workers> workers_;
  std::unique_ptr<base::Claims> claims_;
  std::unique_ptr<node::NodeHalf> process_;
  std::deque<Step> pending_;  // what the reconciler began and no worker has run yet
  std::vector<Pod> pods_;
  std::vector<Frame> frames_;
  std::set<std::string> busy_;         // paths
  std::set<base::DeviceNumber> kept_;  // disks that another mount namespace has
  std::set<int> gone_;                 // volumes whose namespace is away or another one
  int boots_ = 1;
  int overlap_percent_ = 0;
  bool in_tick_ = false;
  bool quiet_ = false;  // no faults and no overlap: the history is at rest
};

}  // namespace nvmeof::testing
