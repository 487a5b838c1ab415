// Publisher: makes a staged volume visible to one workload, and takes it away again.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "base/call.h"
#include "mount/filesystem.h"
#include "mount/mounter.h"
#include "node/attacher.h"
#include "node/stage_records.h"
#include "volume/capability.h"

namespace nvmeof::node {

struct PublishRequest {
  std::string volume_id;
  std::string staging_path;
  std::string target_path;
  volume::VolumeCapability capability;
  bool read_only = false;
  volume::StringMap publish_context;  // may tell that portals moved; empty = nothing new
};

// Safe to use from several threads on different volumes; the caller holds the volume's claim.
// Borrows everything.
class Publisher {
 public:
  Publisher(StageRecords& records, Attacher& attacher, mount::Mounter& mounter,
            mount::FileSystems& file_systems);

  // OK when published as asked, now or before. Errors:
  //   NotFound            no such volume is staged on this node
  //   AlreadyExists       published at this path with other arguments
  //   InvalidArgument     a context that cannot be decoded
  //   FailedPrecondition  not staged at that path or with another capability or target; published
  //   at another
  //                       path and its access mode allows one; a raw block volume published
  //                       for writing elsewhere cannot be read-only here, because the kernel
  //                       enforces that for the whole disk
  //   Unavailable         the disk has no live path; or any of the above where an earlier call
  //   published at this path, or perhaps did (node/retry.h)
  [[nodiscard]] absl::Status Publish(const PublishRequest& request, base::Call& call);

  // OK when nothing is mounted at the path and the path is gone. NotFound when the volume is
  // unknown and something foreign is mounted there.
  [[nodiscard]] absl::Status Unpublish(const std::string& volume_id, const std::string& target_path,
                                       base::Call& call);

 private:
  absl::Status Converge(const PublishRequest& request, StageRecord& record, base::Call& call);
  absl::StatusOr<bool> IsDeletedNode(const std::string& path) const;
  absl::Status RequireStagedAlike(const PublishRequest& request, const StageRecord& record) const;
  absl::Status FollowPortals(const PublishRequest& request, StageRecord& record);
  absl::Status RequireCompatible(const PublishRequest& request, const StageRecord& record) const;
  absl::Status PublishFileSystem(const PublishRequest& request, const nvme::Namespace& ns);
  absl::Status PublishBlock(const PublishRequest& request, const volume::Target& target,
                            const nvme::Namespace& ns);
  absl::Status RequireOurs(const std::string& target_path) const;
  absl::Status UnmountAll(const std::string& path);

  StageRecords& records_;
  Attacher& attacher_;
  mount::Mounter& mounter_;
  mount::FileSystems& file_systems_;
};

}  // namespace nvmeof::node
