// Periodic: a thread that does something again and again, with the same pause after each time.
#pragma once

#include <functional>
#include <future>
#include <thread>

#include "absl/time/time.h"

namespace nvmeof::base {

// The first time is at once. Destruction waits for the time under way, and starts no other.
class Periodic {
 public:
  Periodic(absl::Duration pause, std::function<void()> body);
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;
  ~Periodic();

 private:
  std::promise<void> stop_;
  std::thread thread_;
};

}  // namespace nvmeof::base
