// ForkCounter: how many processes a process starts, as the kernel's process connector tells it.
#pragma once

#include <sys/types.h>

#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "base/unique_fd.h"

namespace nvmeof::bench {

// One thread at a time. Needs root.
class ForkCounter {
 public:
  // Counts from now on.
  static absl::StatusOr<ForkCounter> Watch(pid_t parent);

  // Processes (not threads) that the watched one, or a child of it, started since Watch.
  int Count();

 private:
  ForkCounter(pid_t parent, base::UniqueFd socket) : family_{parent}, socket_(std::move(socket)) {}

  std::vector<pid_t> family_;
  base::UniqueFd socket_;
  int count_ = 0;
};

}  // namespace nvmeof::bench
