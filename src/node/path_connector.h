// PathConnector: makes wanted paths of a target live: probes in user space, and hands to the kernel
// only what answered.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "node/connect_scheduler.h"
#include "node/connection_marks.h"
#include "node/nvme_host.h"
#include "volume/connect_options.h"
#include "volume/path.h"
#include "volume/target.h"

namespace nvmeof::node {

// Why a path is not live.
struct PathProblem {
  volume::Path path;
  absl::Status cause;
};

struct ConnectTask {
  volume::Nqn subsystem;
  std::vector<volume::Path> wanted;  // in the order of preference
  volume::ConnectOptions options;
  int enough = 1;  // of the wanted paths shall be live
  ConnectPriority priority = ConnectPriority::kFirstPath;
  // Asked again when a path's turn has come; false ends the task. Empty = always.
  std::function<bool()> still_wanted;
};

// Safe to use from several threads. Borrows everything. Blocks on the kernel, for a hung target
// past any deadline: run it on a worker.
class PathConnector {
 public:
  PathConnector(const NvmeHost& host, ConnectScheduler& scheduler, ConnectionMarks& marks,
                const base::Clock& clock)
      : host_(host), scheduler_(scheduler), marks_(marks), clock_(clock) {}

  // Connects wanted paths that have no controller until enough are live, those whose portals can be
  // asked before the others; a controller in any other state belongs to the kernel. Paths that are
  // not needed for that stay as they are, and one that somebody else connected meanwhile counts
  // neither as live nor as tried in vain: the next look tells. Returns those that it tried in vain;
  // errors are those of the topology and of the marks. From now on the subsystem is known to the
  // marks; the scheduler's fabric marks the paths.
  [[nodiscard]] absl::StatusOr<std::vector<PathProblem>> Connect(const ConnectTask& task,
                                                                 absl::Time deadline);

 private:
  const NvmeHost host_;
  ConnectScheduler& scheduler_;
  ConnectionMarks& marks_;
  const base::Clock& clock_;
};

}  // namespace nvmeof::node
