// PortalProbe: the seam that asks portals whether an NVMe-oF target answers there, without the
// kernel's NVMe.
//
// The kernel's connect of a dead portal holds a mutex of the whole machine, for 3 s when packets
// are lost and for 10 s when the peer sends no ICResp, and delays every volume of the node. So
// portals are asked first, all at once, and only those that answer are handed to the kernel. That a
// portal answers proves neither the subsystem nor that this host is allowed: the kernel's connect
// tells.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "volume/path.h"

namespace nvmeof::nvme {

// Whether a probe asks this path's portal at all: only those of TCP can be asked.
[[nodiscard]] inline bool IsProbed(const volume::Path& path) {
  return path.portal.transport == volume::kTcp;
}

// Safe to use from several threads. Blocks its caller, until the deadline at most.
class PortalProbe {
 public:
  virtual ~PortalProbe() = default;

  // One answer for each path, in the order of the paths:
  //   OK                 an NVMe/TCP target answered. Also for each path whose transport is not
  //   tcp:
  //                      those are not asked, and do not count as answers below.
  //   Unavailable        with the portal's own cause: refused, unreachable, silent (nothing answers
  //                      the SYN), accepts connections but sends no ICResp, not an NVMe/TCP target
  //                      (it sent something else, or closed), or this node has no such address or
  //                      interface.
  //   DeadlineExceeded   not judged: it had not answered when the probe ended because `enough`
  //                      others had, or the deadline had passed before anything was asked.
  //   ResourceExhausted  not judged: this node lacks descriptors, ports or memory.
  //   InvalidArgument    the address is no IP literal or the service no port.
  // The messages do not name the path.
  //
  // Returns when all have answered or failed; at `deadline`, a time of base::Clock; or, once
  // `enough` paths have answered, after a short grace for those that are about as fast. With an
  // `enough` beyond the number of paths it waits for them all. A SYN that was lost is sent again
  // after 1 s, so a budget below that takes one lost packet for a dead portal.
  // REQUIRES: enough > 0.
  [[nodiscard]] virtual std::vector<absl::Status> Probe(const std::vector<volume::Path>& paths,
                                                        int enough, absl::Time deadline) = 0;
};

}  // namespace nvmeof::nvme
