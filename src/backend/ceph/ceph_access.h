// CephAccess: which hosts a subsystem of the gateways lets in, and where they listen for it.
//
// One step, one call: who decides which are to be made is a CephLayout. Nothing is kept here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/ceph/ceph_gateways.h"
#include "backend/ceph/ceph_host_list.h"
#include "base/clock.h"
#include "volume/authentication.h"
#include "volume/nqn.h"

namespace nvmeof::backend {

// Borrows the gateways and the clock. Safe to use from several threads. Errors are those of
// CephGateways.
class CephAccess {
 public:
  CephAccess(CephGateways& gateways, base::Clock& clock) : gateways_(gateways), clock_(clock) {}

  struct Hosts {
    CephHostList list;
    bool any = false;  // whoever comes is let in
  };
  // Of no subsystem: none.
  absl::StatusOr<Hosts> HostsOf(const volume::Nqn& subsystem, absl::Time deadline);

  // The host is in: let in now, with these keys, or before, with those of then.
  absl::Status Add(const volume::Nqn& subsystem, const std::string& host,
                   const std::optional<volume::AuthenticationKeys>& keys, absl::Time deadline);

  // The export's host is in, with the export's keys where it has some. `hosts` was read just now.
  absl::Status LetIn(const volume::Nqn& subsystem, const Hosts& hosts, const Export& wanted,
                     absl::Time deadline);

  // The host is not let in, now or before; it may still be connected. FailedPrecondition: it is a
  // namespace's host.
  absl::Status Remove(const volume::Nqn& subsystem, const std::string& host, absl::Time deadline);

  // Every gateway is to listen. One that is down listens when it is back.
  absl::Status Listen(const volume::Nqn& subsystem, absl::Time deadline);

  // OK means that no gateway has a connection of the host, nor takes one. DeadlineExceeded while
  // one has; Unavailable while one cannot be asked.
  absl::Status AwaitGone(const volume::Nqn& subsystem, const volume::Nqn& host,
                         absl::Time deadline);

  // Asks each gateway until it answers that the fault is not so: a change reaches the others a
  // moment after the one that made it. DeadlineExceeded with the fault's name while one answers
  // that it is.
  absl::Status AwaitEverywhere(absl::string_view fault, absl::Time deadline,
                               absl::FunctionRef<absl::StatusOr<bool>(std::size_t gateway)> is_so);

 private:
  absl::Status ChangeKeys(const volume::Nqn& subsystem, const std::string& host,
                          const volume::AuthenticationKeys& keys, absl::Time deadline);
  // True while this gateway lets the host in or has a connection of it.
  absl::StatusOr<bool> Serves(std::size_t gateway, const volume::Nqn& subsystem,
                              const volume::Nqn& host, absl::Time deadline);

  CephGateways& gateways_;
  base::Clock& clock_;
};

}  // namespace nvmeof::backend
