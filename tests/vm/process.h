// Process: a program that a suite started, with its output in a file, and that it may kill.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "base/unique_fd.h"

namespace nvmeof::testing {

// One thread at a time. Destruction kills the program and waits for its end.
class Process {
 public:
  // argv[0] is looked up in PATH; standard output and error are appended to the file `log`; a
  // network namespace (a name of ip-netns) other than ours may be given.
  static absl::StatusOr<std::unique_ptr<Process>> Start(std::vector<std::string> argv,
                                                        const std::string& log,
                                                        const std::string& network = "");
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  std::string LogText() const;
  bool running();

  // SIGKILL; returns when it is gone. Gone already is OK.
  void Kill();

  // SIGSTOP and SIGCONT.
  void Pause() const;
  void Resume() const;

  // SIGTERM; the exit code, or 128 + signal. DeadlineExceeded when it still runs after `limit`.
  absl::StatusOr<int> Stop(absl::Duration limit);

  // Its own end, without a signal.
  absl::StatusOr<int> Wait(absl::Duration limit);

 private:
  Process(pid_t pid, base::UniqueFd pidfd, std::string log)
      : pid_(pid), pidfd_(std::move(pidfd)), log_(std::move(log)) {}

  const pid_t pid_;
  const base::UniqueFd pidfd_;
  const std::string log_;
  bool reaped_ = false;
  int exit_code_ = 0;
};

}  // namespace nvmeof::testing
