// ConnectionMarks: which paths this plugin connected itself. The kernel has no place for such a
// mark, and one host NQN serves nvme-cli, autoconnect and NVMe boot too: what is not marked here is
// somebody else's, and is never disconnected.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "base/record_files.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::node {

// Internally synchronised; reads are served from memory and wait for no write. Borrows the files,
// which no other process writes.
class ConnectionMarks {
 public:
  // Reads the marks of this boot and removes those of older ones, with whose connections they
  // speak of. What cannot be read is set aside.
  [[nodiscard]] static absl::StatusOr<ConnectionMarks> Open(base::RecordFiles& files,
                                                            std::string boot_id);

  ConnectionMarks(ConnectionMarks&& other) noexcept;
  ConnectionMarks& operator=(ConnectionMarks&&) = delete;
  ConnectionMarks(const ConnectionMarks&) = delete;
  ConnectionMarks& operator=(const ConnectionMarks&) = delete;
  ~ConnectionMarks() = default;

  // The paths that are ours. Nothing when nothing is known of the subsystem: it was never attached
  // in this boot, or its marks were lost.
  std::optional<std::vector<volume::Path>> Of(const volume::Nqn& subsystem) const;

  // All subsystems of which something is known.
  std::vector<volume::Nqn> Subsystems() const;

  // From now on the subsystem is known, and these paths are ours. Call it before they are
  // connected, so that a crash in between loses no mark.
  [[nodiscard]] absl::Status Add(const volume::Nqn& subsystem,
                                 const std::vector<volume::Path>& paths);

  // The path is not ours: its connect failed, or somebody else had connected it.
  [[nodiscard]] absl::Status Remove(const volume::Nqn& subsystem, const volume::Path& path);

  // The subsystem is detached: none of its paths is ours. It stays known.
  [[nodiscard]] absl::Status Clear(const volume::Nqn& subsystem);

  // Nothing is known of the subsystem any more, unless paths of it are ours, or `unwanted` says no:
  // then it was attached or promised anew meanwhile, and all stays. Whoever calls Add once the
  // promise stands thus finds it known, however the two fall together. One of which nothing is
  // known is OK. `unwanted` must not call back.
  [[nodiscard]] absl::Status Forget(const volume::Nqn& subsystem,
                                    const std::function<bool()>& unwanted);

 private:
  using BySubsystem = std::map<std::string, std::vector<volume::Path>, std::less<>>;

  ConnectionMarks(base::RecordFiles& files, std::string boot_id, BySubsystem marks);
  absl::Status Put(const volume::Nqn& subsystem, std::vector<volume::Path> paths)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writing_);

  base::RecordFiles& files_;
  const std::string boot_id_;

  // Held over the look, the change and the write of a file, unlike all other mutexes: volumes of
  // one subsystem connect at the same time, and a mark that is lost is a controller that is lost.
  // The write is small, goes to the state folder and waits for no disk.
  absl::Mutex writing_ ABSL_ACQUIRED_BEFORE(mutex_);
  mutable absl::Mutex mutex_;
  BySubsystem marks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
