// Stager: from an exported volume to a mounted staging path (or an attached disk), and back.
//
// The order and the crash table are those of docs/ARCHITECTURE.md: every effect is preceded by the
// record that promises it, and each step of a repeated call finds its work done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "base/call.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/attacher.h"
#include "node/keyed_fabric.h"
#include "node/portal_finder.h"
#include "node/stage_records.h"
#include "volume/authentication.h"
#include "volume/capability.h"
#include "volume/parameters.h"

namespace nvmeof::node {

struct StageRequest {
  std::string volume_id;
  std::string staging_path;
  volume::VolumeCapability capability;
  volume::StringMap publish_context;
  volume::StringMap volume_context;
  // Without, those that are known already hold.
  std::optional<volume::AuthenticationKeys> keys = {};
};

// Safe to use from several threads on different volumes; the caller holds the volume's claim.
// Blocks on devices: run it on a worker. Borrows everything.
class Stager {
 public:
  Stager(StageRecords& records, KeyedFabric& fabric, Attacher& attacher, PortalFinder& finder,
         mount::Mounter& mounter, mount::FileSystems& file_systems);

  // OK when staged as asked, now or before. Where portals have to be discovered, those that were
  // found are recorded instead, and hold until the orchestrator stages the volume again; where a
  // discovery controller does not answer then, those of the record are kept. Errors, beyond those
  // of Attacher::Attach:
  //   InvalidArgument     a context that cannot be decoded
  //   NotFound            no discovery controller knows a portal of the subsystem
  //   AlreadyExists       staged here with another capability
  //   FailedPrecondition  staged at another path or from another target; the disk holds something
  //   else than the wanted
  //                       file system; something foreign is mounted at the staging path
  // After an error that a retry cannot mend, what this call mounted and attached is taken away
  // again, because the orchestrator will not call Unstage (node/retry.h); after the others it stays
  // for the retry, and the record says so. Where that is impossible, or the volume was staged
  // before, the code is Unavailable.
  [[nodiscard]] absl::Status Stage(const StageRequest& request, base::Call& call);

  // OK when nothing is left. FailedPrecondition while the volume is mounted elsewhere, naming
  // where.
  [[nodiscard]] absl::Status Unstage(const std::string& volume_id, const std::string& staging_path,
                                     base::Call& call);

 private:
  absl::StatusOr<volume::Target> WithFoundPortals(const StageRequest& request,
                                                  const volume::Target& target, base::Call& call);
  std::vector<volume::Portal> RecordedPortals(const std::string& volume_id,
                                              const volume::Target& target) const;
  absl::Status RequireSamePromise(const StageRequest& request, const volume::Target& target) const;
  absl::Status Converge(const StageRequest& request, const volume::Target& target,
                        base::Call& call);
  absl::Status StageFileSystem(const StageRequest& request, const volume::Target& target,
                               const nvme::Namespace& ns, base::Call& call);
  absl::StatusOr<bool> IsMountedFrom(const nvme::Namespace& ns, const StageRequest& request);
  absl::Status UnmountDead(const StageRequest& request, const mount::MountPoint& dead);
  absl::Status PrepareFileSystem(const volume::VolumeCapability& capability,
                                 const mount::Device& device, base::Call& call);
  absl::Status MountVerified(const StageRequest& request, const nvme::Namespace& ns);
  absl::Status Undo(const StageRequest& request, const volume::Nqn& subsystem, base::Call& call);
  absl::Status UnstageRecorded(StageRecord record, base::Call& call);
  absl::Status UnstageUnrecorded(const std::string& staging_path, base::Call& call);
  absl::Status RequireUnpublished(const StageRecord& record) const;
  absl::Status UnmountStaging(const std::string& path);
  absl::Status Leave(const std::string& volume_id, const volume::Nqn& subsystem, base::Call& call);

  StageRecords& records_;
  KeyedFabric& fabric_;
  Attacher& attacher_;
  PortalFinder& finder_;
  mount::Mounter& mounter_;
  mount::FileSystems& file_systems_;
};

}  // namespace nvmeof::node
