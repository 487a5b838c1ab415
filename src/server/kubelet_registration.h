// KubeletRegistration: makes this node's driver known to the kubelet, without a sidecar.
//
// The kubelet watches its folder plugins_registry and calls each socket that appears there: what
// are you, and, once it has asked the CSI socket for the node's id and written its CSINode, how it
// went. This class offers such a socket and keeps it offered:
//
// - A refusal takes the socket away, and a new one is offered after a wait that grows: older
//   kubelets look at a socket only once.
// - A socket file that somebody removed, as one who empties the kubelet's folder does, is offered
//   anew at once; a missing or unwritable folder is tried again after such waits.
// - A file that a crash left behind is replaced.
// - A kubelet that restarts calls again, and gets the same answers.
//
// The end takes the socket away, and the kubelet then takes the driver from its CSINode. That is
// right for an upgrade, too: volumes stay attached and mounted, and what pods newly need is tried
// again until the next plugin registers. A socket that stayed would lead nowhere, and promise a
// driver that may be gone for good. node-driver-registrar does the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "server/endpoint.h"
#include "server/rpc_server.h"

namespace nvmeof::server {

struct KubeletOffer {
  Endpoint socket;          // in the kubelet's folder plugins_registry
  std::string driver_name;  // of the CSI driver
  std::string csi_socket;   // path of the CSI socket, as the kubelet sees it, too
};

// Borrows the clock; `seed` is for the waits, so that the nodes of a cluster are not in step.
class KubeletRegistration {
 public:
  KubeletRegistration(KubeletOffer offer, const base::Clock& clock, std::uint64_t seed);
  // Takes the socket away, at once.
  ~KubeletRegistration();
  KubeletRegistration(const KubeletRegistration&) = delete;
  KubeletRegistration& operator=(const KubeletRegistration&) = delete;

  // Does what is due: to be called every second or so, by one thread at a time. The first call
  // makes the first offer. Blocks for 300 ms at most, while a call of the kubelet ends.
  void Tick();

  // OK when the kubelet has said that the driver is registered, otherwise why not, in one line. A
  // kubelet that stops says nothing, so this then stays OK. Any thread; does not block.
  absl::Status Registered() const;

 private:
  class Service;

  void Offer();
  void Withdraw();

  const KubeletOffer offer_;
  const base::Clock& clock_;
  base::Backoff backoff_;
  const std::unique_ptr<Service> service_;
  std::unique_ptr<RpcServer> server_;  // null while nothing is offered
};

}  // namespace nvmeof::server
