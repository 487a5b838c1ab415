// NvmetPorts: where the kernel target listens, and for which subsystems.
//
// A port listens from its first linked subsystem to its last, and a host that comes back to a
// listening port without its subsystem loses the connection for good. So ports
// are made without links, and links of many volumes are made in one go. The kernel loads what a
// port's transport needs with its first link.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "target/configfs.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::target {

// Where hosts reach the volumes.
struct Portals {
  std::vector<volume::Portal> all;
  // Those of them that hosts use only while no other works: their ANA state.
  std::vector<volume::Portal> non_optimized;
};

struct Links {
  int count = 0;         // wanted links that stand
  absl::Status failure;  // why the others do not: all causes in one message
};

// Borrows the tree. Safe to use from several threads but for Ensure.
class NvmetPorts {
 public:
  explicit NvmetPorts(Configfs& tree) : tree_(tree) {}

  // A port for each portal: the one that has its address, also when somebody else made it, else a
  // new one. Its ANA state as wanted, unless somebody closed it (inaccessible). Links nothing. Goes
  // on after a failure. One thread at a time.
  absl::Status Ensure(const Portals& portals);

  // Every subsystem on the port of every portal, and on no other port. Port by port, so that the
  // time from a port's first link to its last is short. Goes on after a failure: one portal whose
  // address is down does not close the others.
  Links Link(const std::vector<volume::Nqn>& subsystems,
             const std::vector<volume::Portal>& portals);

  // Those of the subsystems for which Link would have something to do.
  absl::StatusOr<std::vector<volume::Nqn>> Misplaced(
      const std::vector<volume::Nqn>& subsystems, const std::vector<volume::Portal>& portals) const;

  // From all ports. The kernel shuts the sockets of the subsystem's hosts down meanwhile. Commands
  // that it has received already may still be running, or not yet begun: NvmetSubsystems::Remove
  // ends that.
  absl::Status Unlink(const volume::Nqn& subsystem);

 private:
  absl::Status EnsureOne(const volume::Portal& portal, const std::string& ana_state);
  absl::Status SetAnaState(const std::string& id, const std::string& wanted);
  absl::StatusOr<std::string> Find(const volume::Portal& portal) const;
  absl::StatusOr<volume::Portal> Read(const std::string& id) const;
  absl::StatusOr<std::string> Allocate();
  absl::Status Configure(const std::string& id, const volume::Portal& portal);
  absl::Status UnlinkFrom(const std::string& id, const std::vector<volume::Nqn>& subsystems);

  Configfs& tree_;
};

}  // namespace nvmeof::target
