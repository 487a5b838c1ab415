// ProcessTable: what /proc tells about other processes. Reads procfs only: no link is followed, no
// path of another file system is touched, so a disk that hangs does not hang the reader.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "mount/device_use.h"

namespace nvmeof::mount {

// Immutable; safe to use from several threads. A process that vanished, or that we may not look
// into, has nothing of what is asked. Shows the processes of the PID namespace that `root` was
// mounted for: all of the machine only to those who run in its PID namespace (hostPID).
class ProcessTable {
 public:
  explicit ProcessTable(std::string root) : root_(std::move(root)) {}

  // Our own first, then the others, the oldest numbers first. NotFound when `root` is no procfs.
  absl::StatusOr<std::vector<int>> Pids() const;

  // Of a file of the machine ("swaps") or of a process ("4711/mountinfo").
  absl::StatusOr<std::string> Read(const std::string& name) const;

  std::optional<std::string> Link(int pid, const std::string& name) const;
  std::vector<std::string> Names(int pid, const std::string& folder) const;

  // The name is "?" when it cannot be read any more.
  Process Named(int pid) const;

 private:
  std::string PathOf(int pid, const std::string& name) const;

  const std::string root_;
};

}  // namespace nvmeof::mount
