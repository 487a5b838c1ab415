// Health: what is known to be wrong with a volume, and with the storage that this node reaches.
// Answers from topology, mounts and what repair noted; does no I/O on any device.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "mount/mounter.h"
#include "node/diagnosis.h"
#include "node/nvme_host.h"
#include "node/observer.h"
#include "node/stage_records.h"
#include "node/troubles.h"

namespace nvmeof::node {

struct Ailment {
  enum class Severity { kDegraded, kInaccessible };

  Severity severity = Severity::kDegraded;
  std::string reason;   // one word: a diagnosis, "StageFailed", "PortalDown", ...
  std::string message;  // for people

  friend bool operator==(const Ailment&, const Ailment&) = default;
};

// Safe to use from several threads. Borrows everything.
class Health {
 public:
  Health(const NvmeHost& host, const StageRecords& records, const Troubles& troubles,
         const mount::Mounter& mounter)
      : host_(host), records_(records), troubles_(troubles), observer_(host, mounter) {}

  // Empty when nothing is wrong. Also for a volume whose stage failed and left no record; NotFound
  // for one of which this node knows nothing.
  [[nodiscard]] absl::StatusOr<std::vector<Ailment>> OfVolume(const std::string& volume_id) const;

  // What hinders several volumes: the kernel's setting, portals over which no volume that wants
  // them has a live path.
  [[nodiscard]] absl::StatusOr<std::vector<Ailment>> OfStorage() const;

 private:
  const NvmeHost host_;
  const StageRecords& records_;
  const Troubles& troubles_;
  const Observer observer_;
};

}  // namespace nvmeof::node
