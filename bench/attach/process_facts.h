// What the kernel accounts to a process: memory and CPU time.
#pragma once

#include <sys/types.h>

#include "absl/time/time.h"

namespace nvmeof::bench {

// Resident memory in KiB; 0 when the process is gone.
long ResidentKib(pid_t pid);

// CPU time of a process: its threads, those that ended included, and its children that it waited
// for.
absl::Duration CpuTime(pid_t pid);

// CPU time of the calling thread.
absl::Duration ThreadCpuTime();

}  // namespace nvmeof::bench
