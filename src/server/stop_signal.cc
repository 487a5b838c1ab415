#include "server/stop_signal.h"

#include <sys/time.h>
#include <unistd.h>

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
  // _exit runs no destructor and waits for no thread.
  std::signal(SIGALRM, [](int) { _exit(0); });
  itimerval timer = {};
  timer.it_value = absl::ToTimeval(limit);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace nvmeof::server
