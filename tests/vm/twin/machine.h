// Machine: a node with its kernel and the storage that it reaches, for a history to happen on. One
// is simulated and one is real; both are told the same in the same words.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/record_files.h"
#include "base/workers.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/nvme_host.h"
#include "tests/sim/sim_world.h"
#include "volume/path.h"

namespace nvmeof::testing {

// What the two have in common from the beginning.
struct MachinePlan {
  std::vector<SimVolume> volumes;  // all of agent 0
  std::vector<volume::Portal> portals;
  std::vector<std::string> folders;  // that the orchestrator made
};

// One thread at a time. What is done to it is OK as soon as it is begun: what the kernel makes of
// it may take its time.
class Machine {
 public:
  virtual ~Machine() = default;

  // --- For the node half ---

  virtual node::NvmeHost host() = 0;
  virtual mount::Mounter& mounter() = 0;
  virtual mount::FileSystems& file_systems() = 0;
  virtual base::RecordFiles& record_files() = 0;
  virtual base::RecordFiles& mark_files() = 0;
  virtual base::Clock& clock() = 0;  // the plugin's
  virtual base::Workers& workers() = 0;

  // --- For the history ---

  virtual std::vector<SimVolume>& volumes() = 0;
  virtual const std::vector<volume::Portal>& portals() const = 0;
  // The plugin's clock goes that far, the kernel's need not.
  virtual void Leap(absl::Duration time) = 0;

  enum class Down { kRefuses, kSilent };
  virtual absl::Status PortalDown(const volume::Portal& portal, Down how) = 0;
  virtual absl::Status PortalUp(const volume::Portal& portal) = 0;

  // The kernel gives the path up, which must be `connecting`.
  virtual absl::Status GiveUp(const SimVolume& volume, const volume::Portal& portal) = 0;
  // Somebody deletes the path's controller.
  virtual absl::Status Delete(const SimVolume& volume, const volume::Portal& portal) = 0;

  // The namespace goes, another one answers in its place, it is back, it grows. Of the first and
  // the last the node is told; of the others too, and has time to see them, unless the notice is
  // lost, which takes that no path is live.
  enum class Notice { kGiven, kLost };
  virtual absl::Status Vanish(const SimVolume& volume) = 0;
  virtual absl::Status Lie(const SimVolume& volume, Notice notice) = 0;
  virtual absl::Status Return(const SimVolume& volume, Notice notice) = 0;
  virtual absl::Status Grow(SimVolume& volume) = 0;

  // Another program connects with our host NQN, and all such disconnect.
  virtual absl::Status PeerConnects(const SimVolume& volume, const volume::Portal& portal) = 0;
  virtual absl::Status PeerDisconnects() = 0;

  // A workload keeps what is mounted at the path busy, or all of them let go.
  virtual absl::Status KeepBusy(const std::string& path) = 0;
  virtual absl::Status LetGo() = 0;
};

}  // namespace nvmeof::testing
