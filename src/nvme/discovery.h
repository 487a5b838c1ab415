// Discovery: the seam that asks a discovery controller for its log.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "nvme/discovery_log.h"
#include "volume/path.h"

namespace nvmeof::nvme {

// Safe to use from several threads. Blocks its caller, until the deadline at most.
class Discovery {
 public:
  virtual ~Discovery() = default;

  // The log as it was at one time. Nothing of the visit stays, here or there. Errors, whose
  // messages do not name the path:
  //   Unavailable         nobody answers there, or not as a discovery controller does; or its log
  //                       changed each time while it was read
  //   PermissionDenied    it does not let this host in
  //   DataLoss            its log is none
  //   ResourceExhausted   its log is too long; or this node lacks descriptors, ports or memory
  //   DeadlineExceeded    no time was left to ask
  //   InvalidArgument     the address is no IP literal or the service no port
  [[nodiscard]] virtual absl::StatusOr<DiscoveryLog> Read(const volume::Path& path,
                                                          absl::Time deadline) = 0;
};

}  // namespace nvmeof::nvme
