// CephExports: which hosts the gateways let in to a volume's subsystem, and where they listen for
// it.
//
// Nothing is kept here: what the gateways show is what is so. They keep it as long as the volume.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/ceph/ceph_gateways.h"
#include "base/clock.h"
#include "ceph/gateway.pb.h"
#include "volume/authentication.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

// Borrows the gateways and the clock. Safe to use from several threads; whoever calls sees to it
// that one at a time changes a volume's exports. A volume without a subsystem has no exports.
//
// Errors are those of CephGateways; FailedPrecondition when the subsystem lets in what no call here
// lets in, such as any host: somebody changed it.
class CephExports {
 public:
  CephExports(CephGateways& gateways, base::Clock& clock) : gateways_(gateways), clock_(clock) {}

  // Fingerprints are digests.
  absl::StatusOr<std::vector<Export>> Of(const volume::Uuid& volume, absl::Time deadline);
  // The same, also of a subsystem that somebody changed.
  absl::StatusOr<std::vector<Export>> Shown(const volume::Uuid& volume, absl::Time deadline);

  // Does what is missing until the host is let in as wanted and every gateway is to listen. A
  // gateway that is down listens when it is back.
  absl::Status Complete(const volume::Uuid& volume, const Export& wanted, absl::Time deadline);

  // OK means that no gateway has a connection of the host to the volume, nor takes one; also when
  // there was none. Unavailable while a gateway cannot be asked.
  absl::Status End(const volume::Uuid& volume, const volume::Nqn& host, absl::Time deadline);

 private:
  absl::StatusOr<::HostsReply> HostsOf(const volume::Nqn& subsystem, absl::Time deadline);
  absl::Status Add(const volume::Nqn& subsystem, const std::string& host,
                   const std::optional<volume::AuthenticationKeys>& keys, absl::Time deadline);
  absl::Status ChangeKeys(const volume::Nqn& subsystem, const std::string& host,
                          const volume::AuthenticationKeys& keys, absl::Time deadline);
  absl::Status Remove(const volume::Nqn& subsystem, const std::string& host, absl::Time deadline);
  absl::Status Listen(const volume::Nqn& subsystem, absl::Time deadline);
  absl::Status AwaitGone(const volume::Nqn& subsystem, const volume::Nqn& host,
                         absl::Time deadline);
  // True while this gateway lets the host in or has a connection of it.
  absl::StatusOr<bool> Serves(std::size_t gateway, const volume::Nqn& subsystem,
                              const volume::Nqn& host, absl::Time deadline);

  CephGateways& gateways_;
  base::Clock& clock_;
};

}  // namespace nvmeof::backend
