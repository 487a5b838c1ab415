// CommandRunner: runs a program to its end, without a shell, in bounded time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"

namespace nvmeof::base {

struct CommandResult {
  int exit_code = 0;   // 128 + signal number when a signal ended it
  std::string output;  // standard output and error, in order, cut at 1 MiB
};

// Safe to use from several threads.
class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // argv[0] is looked up in PATH; standard input is empty; locale is C. A non-zero exit is a value,
  // not an error. Errors: NotFound (no such program), DeadlineExceeded (the program was killed
  // with its process group; if it hangs in the kernel it is left behind, never waited for), else
  // those of ErrnoStatus. Nothing is started when the deadline has passed. REQUIRES: argv is not
  // empty.
  virtual absl::StatusOr<CommandResult> Run(const std::vector<std::string>& argv,
                                            absl::Time deadline) = 0;
};

// posix_spawn and a pidfd; borrows the clock. The process must not ignore SIGCHLD.
class PosixCommandRunner final : public CommandRunner {
 public:
  explicit PosixCommandRunner(const Clock& clock) : clock_(clock) {}
  absl::StatusOr<CommandResult> Run(const std::vector<std::string>& argv,
                                    absl::Time deadline) override;

 private:
  void Kill(pid_t pid, int pidfd);
  void ReapLeftBehind();

  const Clock& clock_;

  absl::Mutex mutex_;
  // Killed, but in the kernel still. They are reaped by a later Run, so that they do not stay
  // zombies for the life of this process.
  std::vector<pid_t> left_behind_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::base
