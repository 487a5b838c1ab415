#include "server/stop_signal.h"

#include <unistd.h>

#include <thread>

#include "absl/time/clock.h"

namespace nvmeof::server {

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

std::string StopSignal::Wait() {
  int signal = 0;
  while (sigwait(&signals_, &signal) != 0) {
  }
  return signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

void EndProcessWithin(absl::Duration limit) {
  std::thread([limit] {
    absl::SleepFor(limit);
    // Runs no destructor and waits for no thread.
    _exit(0);
  }).detach();
}

}  // namespace nvmeof::server
