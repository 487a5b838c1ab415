// Fabric: the seam that acts on the kernel's NVMe-oF host: connect, disconnect, rescan, I/O policy.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "volume/authentication.h"
#include "volume/connect_options.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::nvme {

// Who this node is to a target. The kernel refuses one host id with two NQNs, so they travel
// together.
struct HostIdentity {
  volume::Nqn nqn;
  std::string id;  // UUID text

  friend bool operator==(const HostIdentity&, const HostIdentity&) = default;
};

struct ConnectRequest {
  volume::Nqn subsystem;
  volume::Path path;
  volume::ConnectOptions options;
  // Without, those of a controller that this host has to the subsystem already, if any.
  std::optional<volume::AuthenticationKeys> keys = {};
};

// Safe to use from several threads. Names no state of its own: each call goes to the kernel.
class Fabric {
 public:
  virtual ~Fabric() = default;

  // Makes one controller. Blocks for as long as the kernel does: milliseconds, 3 s (packets
  // dropped), 10 s (no ICResp) or 60 s and unkillable (target hung after it); all connects of the
  // machine wait for one another meanwhile. Returns before the disk exists. Errors: AlreadyExists
  // (the same path has a controller, in whatever state: this call made none), Unavailable with the
  // kernel's own words (refused, unreachable, timed out, not allowed or unknown subsystem),
  // InvalidArgument (the kernel refused an option), PermissionDenied (we may not open
  // /dev/nvme-fabrics; host or target did not prove who it is), FailedPrecondition (no
  // nvme-fabrics: modules not loaded; host id conflict).
  virtual absl::Status Connect(const ConnectRequest& request) = 0;

  // Deletes the controller of this subsystem. OK when it is gone, also when the name belongs to
  // another subsystem's controller by now: the kernel gives numbers out again at once. The kernel
  // does not ask whether the disk is mounted: the caller must have. Blocks until it is gone, on a
  // dead network up to 61 s.
  virtual absl::Status Disconnect(const volume::Nqn& subsystem, const std::string& controller) = 0;

  // Asks the kernel to look at the controller's namespaces again; returns at once, the scan goes
  // on. NotFound when gone.
  virtual absl::Status Rescan(const std::string& controller) = 0;

  // Unimplemented when this kernel does not know the policy.
  virtual absl::Status SetIoPolicy(const std::string& subsystem_name, volume::IoPolicy policy) = 0;
};

}  // namespace nvmeof::nvme
