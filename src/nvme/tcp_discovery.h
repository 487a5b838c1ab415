// TcpDiscovery: reads discovery logs in user space over a TCP connection of its own.
//
// The kernel would make a controller for it, a device that stays when this process dies. A
// connection ends with the process, and the target forgets its controller.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "nvme/discovery.h"
#include "nvme/fabric.h"

namespace nvmeof::nvme {

// Safe to use from several threads: a read's socket belongs to its call and is closed when it
// returns. Makes no thread. A portal of which nothing is heard for 3 s is given up. Borrows the
// host and the clock, which must move by itself.
class TcpDiscovery final : public Discovery {
 public:
  TcpDiscovery(const HostIdentity& host, const base::Clock& clock) : host_(host), clock_(clock) {}

  [[nodiscard]] absl::StatusOr<DiscoveryLog> Read(const volume::Path& path,
                                                  absl::Time deadline) override;

 private:
  const HostIdentity& host_;
  const base::Clock& clock_;
};

}  // namespace nvmeof::nvme
