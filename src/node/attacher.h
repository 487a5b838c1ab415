// Attacher: makes a Target's namespace appear on this node, and disappear again.
//
// It converges: looks at the kernel, connects only what is missing, waits for the namespace, proves
// that it is the wanted one, looks again. A second Attach of an attached target changes nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/call.h"
#include "base/claims.h"
#include "base/clock.h"
#include "base/workers.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/connect_scheduler.h"
#include "node/connection_marks.h"
#include "node/nvme_host.h"
#include "node/path_connector.h"
#include "nvme/topology.h"
#include "nvme/uevents.h"
#include "volume/connect_options.h"
#include "volume/target.h"

namespace nvmeof::node {

// The same disk in the words of mount/.
[[nodiscard]] mount::Device DeviceOf(const nvme::Namespace& ns);

// Safe to use from several threads; two calls on one subsystem at a time are refused (Aborted).
// Blocks on the kernel, for a hung target past any deadline: run it on a worker.
class Attacher {
 public:
  Attacher(const NvmeHost& host, ConnectScheduler& scheduler, ConnectionMarks& marks,
           const mount::Mounter& mounter, base::Workers& workers, const base::Clock& clock);

  // The namespace, connected over at least min_paths live paths, its identity and size verified and
  // its device node present. Further paths are left to the reconciler. Errors:
  //   Unavailable         too few paths could be connected, one line per path with its own cause;
  //                       or the disk is smaller than the backend says
  //   DeadlineExceeded    the namespace did not appear in time
  //   FailedPrecondition  another namespace answers in its place; fewer paths are possible than
  //                       min_paths, or the kernel's multipath setting forbids several
  // Connections stay as they are after an error: the caller knows whether they are still wanted.
  [[nodiscard]] absl::StatusOr<nvme::Namespace> Attach(const volume::Target& target,
                                                       const volume::AttachPolicy& policy,
                                                       base::Call& call);

  // The namespace of an attached target as it is now. Unavailable when no path is live, NotFound
  // when subsystem or namespace is absent, FailedPrecondition when another one answers.
  [[nodiscard]] absl::StatusOr<nvme::Namespace> Find(const volume::Target& target) const;

  // The subsystem that shows a namespace with this device number; nothing when there is none.
  [[nodiscard]] absl::StatusOr<std::optional<volume::Nqn>> SubsystemOf(
      base::DeviceNumber number) const;

  // True when the kernel has no such block device any more: what is mounted from it is dead.
  [[nodiscard]] absl::StatusOr<bool> IsGone(base::DeviceNumber number) const;

  // Waits until the kernel shows at least `size_bytes`, asking it to look again if no event comes.
  // Errors: those of Find, DeadlineExceeded with the size that it shows.
  [[nodiscard]] absl::StatusOr<nvme::Namespace> AwaitSize(const volume::Target& target,
                                                          std::uint64_t size_bytes,
                                                          base::Call& call);

  // From now on it is known which connections of the subsystem are ours: none yet, if nothing was
  // known. Errors are those of the marks.
  [[nodiscard]] absl::Status Know(const volume::Nqn& subsystem) {
    return marks_.Add(subsystem, {});
  }

  // It is no longer known, unless `unwanted` says no. Errors are those of the marks.
  [[nodiscard]] absl::Status Forget(const volume::Nqn& subsystem,
                                    const std::function<bool()>& unwanted) {
    return marks_.Forget(subsystem, unwanted);
  }

  // Deletes the controllers of the subsystem that we connected, side by side, and waits until the
  // kernel shows none of them, those included that it deletes by itself just then; where no mark
  // says which those are, all that our host NQN has there. DeadlineExceeded when it takes longer.
  // FailedPrecondition while one of its namespaces is mounted or published in any mount namespace,
  // used as swap, or held, and no other controller would take I/O for it; an absent subsystem is
  // OK. It stays known that none is ours any more. `unwanted` is asked once no attach of the
  // subsystem can run any more; when it says no, all stays, and that is OK.
  [[nodiscard]] absl::Status Detach(const volume::Nqn& subsystem,
                                    const std::function<bool()>& unwanted, base::Call& call);

  // The same for a subsystem that nobody promised, and it is forgotten. FailedPrecondition also
  // while a program has one of its disks open.
  [[nodiscard]] absl::Status Reap(const volume::Nqn& subsystem,
                                  const std::function<bool()>& unwanted, base::Call& call);

  // Deletes those of the paths that have a controller. FailedPrecondition when no other live path
  // takes I/O for one of the disks: that would go, or wait. REQUIRES: they are ours.
  [[nodiscard]] absl::Status DropPaths(const volume::Nqn& subsystem,
                                       const std::vector<volume::Path>& paths, base::Call& call);

  // Asks the kernel to look at the namespaces of all live controllers again.
  [[nodiscard]] absl::Status Rescan(const volume::Nqn& subsystem);

  // An absent subsystem is OK, and so is a policy that wants none.
  [[nodiscard]] absl::Status ApplyIoPolicy(const volume::Nqn& subsystem,
                                           const volume::AttachPolicy& policy);

 private:
  // A target as one look at the kernel shows it.
  struct Found {
    nvme::Subsystem subsystem;
    nvme::Namespace ns;
  };

  absl::Status RequirePossible(const std::vector<volume::Path>& wanted,
                               const volume::AttachPolicy& policy) const;
  absl::Status ConnectEnough(const volume::Target& target, const volume::AttachPolicy& policy,
                             const std::vector<volume::Path>& wanted, base::Call& call);
  absl::StatusOr<Found> FindLive(const volume::Target& target) const;
  absl::Status RequireReady(const nvme::Namespace& ns, std::uint64_t size_bytes) const;
  absl::StatusOr<Found> AwaitReady(const volume::Target& target, std::uint64_t size_bytes,
                                   nvme::UeventSubscription& events, base::Call& call);
  absl::Status ApplyIoPolicy(const nvme::Subsystem& subsystem, volume::IoPolicy policy);
  std::vector<nvme::Controller> OursIn(const nvme::Subsystem& subsystem) const;
  using Gate = absl::Status (Attacher::*)(const nvme::Subsystem& subsystem) const;
  absl::Status DetachBehind(Gate gate, const volume::Nqn& subsystem,
                            const std::function<bool()>& unwanted, base::Call& call);
  absl::Status RequireUnused(const nvme::Subsystem& subsystem) const;
  absl::Status RequireUnopened(const nvme::Subsystem& subsystem) const;
  absl::Status AwaitDeletion(const volume::Nqn& subsystem, base::Call& call);
  absl::Status DeleteAll(const volume::Nqn& nqn, const std::vector<nvme::Controller>& controllers,
                         base::Call& call);

  const NvmeHost host_;
  ConnectScheduler& scheduler_;
  ConnectionMarks& marks_;
  PathConnector connector_;
  const mount::Mounter& mounter_;
  base::Workers& workers_;
  const base::Clock& clock_;
  base::Claims claims_;  // by NQN
};

}  // namespace nvmeof::node
