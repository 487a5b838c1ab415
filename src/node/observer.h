// Observer: looks at everything that concerns a record: its part of the topology, and what is
// mounted for it. Does no I/O on the device.
#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "mount/mount_table.h"
#include "mount/mounter.h"
#include "node/nvme_host.h"
#include "node/reconcile_plan.h"
#include "node/stage_records.h"

namespace nvmeof::node {

// Safe to use from several threads. Borrows the mounter and the host's parts.
class Observer {
 public:
  Observer(const NvmeHost& host, const mount::Mounter& mounter) : host_(host), mounter_(mounter) {}

  // Reads the record's subsystem and the mount table.
  [[nodiscard]] absl::StatusOr<PromisedVolume> Look(const StageRecord& record) const;

  // The same from a picture that was taken already.
  [[nodiscard]] absl::StatusOr<PromisedVolume> Combine(const StageRecord& record,
                                                       std::optional<nvme::Subsystem> subsystem,
                                                       const mount::MountTable& table) const;

 private:
  absl::StatusOr<std::vector<Endpoint>> EndpointsOf(const StageRecord& record,
                                                    const mount::MountTable& table) const;

  const NvmeHost host_;
  const mount::Mounter& mounter_;
};

}  // namespace nvmeof::node
