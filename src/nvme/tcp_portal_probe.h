// TcpPortalProbe: asks portals as the kernel would: TCP connect, ICReq, ICResp, and hangs up.
//
// An I/O queue is never opened and no subsystem named, so a target has nothing to keep. A portal
// that only takes TLS is not OK: it closes at the ICReq.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "nvme/portal_probe.h"

namespace nvmeof::nvme {

// Safe to use from several threads: a probe's sockets belong to its call, and all are closed when
// it returns. Makes no thread. The same portal from two host sides is asked twice. An interface of
// the host side needs CAP_NET_RAW before Linux 5.7. Borrows the clock, which must move by itself:
// the wait is the kernel's.
class TcpPortalProbe final : public PortalProbe {
 public:
  explicit TcpPortalProbe(const base::Clock& clock) : clock_(clock) {}

  // The grace is 5 ms, or twice the time that the answer which made it enough took, if that is
  // more.
  [[nodiscard]] std::vector<absl::Status> Probe(const std::vector<volume::Path>& paths, int enough,
                                                absl::Time deadline) override;

 private:
  const base::Clock& clock_;
};

}  // namespace nvmeof::nvme
