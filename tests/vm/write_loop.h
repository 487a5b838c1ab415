// WriteLoop: a workload in a process of its own that writes to a disk in a loop, and can be paused
// as one: what the fence must hold back.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nvmeof::testing {

// Every write is direct, of one block that is filled with its number; numbers count from 1. The
// first kRegion bytes are written again and again. Destruction kills the process; it does not wait
// for one that hangs in the kernel.
class WriteLoop {
 public:
  static constexpr std::uint64_t kRegion = 1 << 20;

  static absl::StatusOr<std::unique_ptr<WriteLoop>> Start(const std::string& path);
  WriteLoop(const WriteLoop&) = delete;
  WriteLoop& operator=(const WriteLoop&) = delete;
  ~WriteLoop();

  void Pause() const;
  void Resume() const;

  // Number of the last write that the disk took, as far as this host was told.
  std::uint64_t accepted() const { return shared_->accepted; }
  // True when so many more were taken from now on.
  bool WaitFor(std::uint64_t writes, absl::Duration limit) const;
  // True when an error ended it.
  bool WaitForError(absl::Duration limit) const;

  // The highest number in the region of a file or disk that holds what was written; 0: none.
  static absl::StatusOr<std::uint64_t> LastIn(const std::string& file);

 private:
  struct Shared {
    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<int> error = 0;
  };

  WriteLoop(pid_t pid, Shared* shared) : pid_(pid), shared_(shared) {}
  static void Loop(int fd, Shared& shared);

  const pid_t pid_;
  Shared* const shared_;  // in memory of both processes
};

}  // namespace nvmeof::testing
