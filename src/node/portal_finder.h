// PortalFinder: where a volume's subsystem can be reached, as discovery controllers tell.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/workers.h"
#include "nvme/discovery.h"
#include "nvme/fabric.h"
#include "volume/connect_options.h"
#include "volume/target.h"

namespace nvmeof::node {

struct FoundPortals {
  std::vector<volume::Portal> portals;  // without duplicates, not empty
  // What was said by or of those discovery controllers whose log could not be read: they may know
  // further portals.
  std::vector<std::string> unread;
};

// Safe to use from several threads. Blocks on the network: run it on a worker. Borrows everything.
class PortalFinder {
 public:
  PortalFinder(nvme::Discovery& discovery, const nvme::HostIdentity& host, base::Workers& workers,
               const base::Clock& clock)
      : discovery_(discovery), host_(host), workers_(workers), clock_(clock) {}

  // The target's own portals, and behind them those at which its discovery controllers know the
  // subsystem over TCP. Controllers are asked side by side, each from the policy's host sides in
  // turn until it answers; those that they refer to are asked, too, each portal once and at most 32
  // in all. Errors, which tell what each that was asked said:
  //   NotFound           all answered and none knows the subsystem: perhaps none allows this host
  //   Unavailable        none of those that answered does, and others did not
  //   ResourceExhausted  more portals than a volume can have
  //   DeadlineExceeded   they were still being asked
  [[nodiscard]] absl::StatusOr<FoundPortals> Find(const volume::Target& target,
                                                  const volume::AttachPolicy& policy,
                                                  absl::Time deadline);

  // The target at the portals that are found, and nobody to be asked any more. `known` are those
  // that were found earlier: while a discovery controller does not answer, they stay, because it
  // may be the one that told of them. Errors, where nothing is known: those of Find.
  [[nodiscard]] absl::StatusOr<volume::Target> Complete(volume::Target target,
                                                        const volume::AttachPolicy& policy,
                                                        const std::vector<volume::Portal>& known,
                                                        absl::Time deadline);

 private:
  absl::StatusOr<std::vector<absl::StatusOr<nvme::DiscoveryLog>>> ReadAll(
      const std::vector<volume::Portal>& controllers, const volume::AttachPolicy& policy,
      absl::Time deadline);

  nvme::Discovery& discovery_;
  const nvme::HostIdentity& host_;
  base::Workers& workers_;
  const base::Clock& clock_;
};

}  // namespace nvmeof::node
