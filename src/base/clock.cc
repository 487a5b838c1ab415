#include "base/clock.h"

#include <cerrno>
#include <ctime>

namespace nvmeof::base {

absl::Time MonotonicClock::Now() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::TimeFromTimespec(now);
}

void MonotonicClock::SleepUntil(absl::Time time) {
  if (time <= Now()) return;
  const timespec until = absl::ToTimespec(time);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace nvmeof::base
