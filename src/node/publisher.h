// Publisher: makes a staged volume visible to one workload, and takes it away again.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

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

  // True while the publications of a raw block volume are held as Publish leaves them: the plugin
  // keeps each such disk open, because a workload may open its path at any time, and the number
  // behind it must not go to another volume when the namespace goes away. A new process holds
  // nothing until Publish is called again.
  [[nodiscard]] bool Holds(const StageRecord& record) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Frees the paths of a raw block volume's publications from the device nodes there, which may
  // lead to another volume by now. They stay promised: Publish binds the volume's own disk again.
  [[nodiscard]] absl::Status Unbind(const StageRecord& record);

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
  absl::Status BindNode(const PublishRequest& request, const nvme::Namespace& ns);
  void KeepHold(const std::string& target_path, std::unique_ptr<mount::DeviceHold> hold)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status RequireOurs(const std::string& target_path) const;
  absl::Status UnmountAll(const std::string& path);
  absl::Status FreeNode(const std::string& path);
  using Unmount = absl::Status (mount::Mounter::*)(const std::string& path);
  absl::Status TakeAway(const std::string& path, Unmount unmount);

  StageRecords& records_;
  Attacher& attacher_;
  mount::Mounter& mounter_;
  mount::FileSystems& file_systems_;

  mutable absl::Mutex mutex_;
  // By target path; closed outside of the mutex.
  std::map<std::string, std::unique_ptr<mount::DeviceHold>> holds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
