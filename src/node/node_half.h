// NodeHalf: everything of the node plugin between the CSI calls and the kernel, built over the
// seams: the one composition that the program and its tests share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "base/claims.h"
#include "base/clock.h"
#include "base/record_files.h"
#include "base/workers.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/attacher.h"
#include "node/connect_scheduler.h"
#include "node/connection_marks.h"
#include "node/expander.h"
#include "node/health.h"
#include "node/keyed_fabric.h"
#include "node/marking_fabric.h"
#include "node/nvme_host.h"
#include "node/path_connector.h"
#include "node/portal_finder.h"
#include "node/publisher.h"
#include "node/reconciler.h"
#include "node/stage_records.h"
#include "node/stager.h"
#include "node/troubles.h"
#include "node/usage.h"
#include "nvme/discovery.h"

namespace nvmeof::node {

// All borrowed.
struct NodeSeams {
  NvmeHost host;
  nvme::Discovery& discovery;
  mount::Mounter& mounter;
  mount::FileSystems& file_systems;
  base::RecordFiles& record_files;
  base::RecordFiles& mark_files;
  const base::Clock& clock;
  base::Workers& workers;  // for steps side by side
  base::Claims& claims;    // on volumes: those that the calls take
  std::string boot_id;
  Reconciler::Start start;  // runs what the reconciler begins
  std::uint64_t seed = 0;   // of its jitter
};

struct NodeHalf {
  // Reads records and marks. Errors are those of the files.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<NodeHalf>> Make(const NodeSeams& seams);

  NodeHalf(const NodeSeams& seams, StageRecords stage_records, ConnectionMarks connection_marks);
  NodeHalf(const NodeHalf&) = delete;
  NodeHalf& operator=(const NodeHalf&) = delete;
  ~NodeHalf() = default;

  StageRecords records;
  ConnectionMarks marks;
  Troubles troubles;
  MarkingFabric marking_fabric;
  KeyedFabric keyed_fabric;
  ConnectScheduler scheduler;
  PathConnector connector;
  Attacher attacher;
  PortalFinder finder;
  Stager stager;
  Publisher publisher;
  Expander expander;
  Usage usage;
  Reconciler reconciler;
  Health health;
};

}  // namespace nvmeof::node
