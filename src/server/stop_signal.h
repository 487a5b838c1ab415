// StopSignal: the request to end (SIGTERM, or SIGINT from a terminal) as something to wait for.
#pragma once

#include <csignal>
#include <string>

#include "absl/time/time.h"

namespace nvmeof::server {

// One thread at a time.
class StopSignal {
 public:
  // Blocks both signals in this thread and in those that it starts from now on, so that they reach
  // Wait alone: make it before other threads exist.
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal() = default;

  // Blocks until one of them comes; its name.
  std::string Wait();

 private:
  sigset_t signals_;
};

// The process ends with exit code 0 after `limit` at the latest, whatever its threads do: for the
// end of a process of which some thread may hang in the kernel.
void EndProcessWithin(absl::Duration limit);

}  // namespace nvmeof::server
