// Makes every timed wait of Abseil's mutexes and condition variables follow the monotonic clock:
// ours and those of gRPC, whose timers (deadlines, reconnects) wait on them.
//
// Abseil before the release of August 2023 waits until a point of the calendar clock. When that
// clock is set back by an hour, each wait lasts an hour longer: a call to a storage system outlives
// its deadline, and a lost connection is not made again. This takes the place of the function by
// which all of Abseil waits; its header names it as an extension point.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "absl/base/config.h"
#include "absl/base/internal/thread_identity.h"
#include "absl/synchronization/internal/create_thread_identity.h"
#include "absl/synchronization/internal/kernel_timeout.h"
#include "absl/synchronization/internal/per_thread_sem.h"
#include "absl/synchronization/internal/waiter.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#if !defined(ABSL_LTS_RELEASE_VERSION) || ABSL_LTS_RELEASE_VERSION >= 20230802
#error "this Abseil waits on the monotonic clock by itself: remove this file"
#endif
static_assert(ABSL_WAITER_MODE == ABSL_WAITER_MODE_FUTEX, "the count below is a futex");

using absl::synchronization_internal::KernelTimeout;
using absl::synchronization_internal::Waiter;

namespace {

absl::Duration Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

// What is left of a point of the calendar clock that was made an instant ago, of the clock itself
// or of absl::Now(): for two seconds after the clock was set, that goes on from the old time. The
// smaller difference ends a wait too early, which callers expect, and never hours too late.
absl::Duration Left(absl::Time until) {
  const absl::Time now = absl::UnixEpoch() + Read(CLOCK_REALTIME);
  const absl::Duration left = std::min(until - now, until - absl::Now());
  return std::max(left, absl::ZeroDuration());
}

bool TakeOne(std::atomic<int32_t>& count) {
  int32_t seen = count.load(std::memory_order_relaxed);
  while (seen > 0) {
    if (count.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

}  // namespace

extern "C" {

// What the linker is told to look for (CMakeLists.txt): nothing of ours calls the function below,
// so it would be left in its archive.
extern const char kNvmeofMonotonicWaits = 0;

// Blocks until this thread's semaphore can be taken (true) or the time is over (false). Leaves out
// what only thread pools that watch their threads' idleness use; there are none here.
bool ABSL_INTERNAL_C_SYMBOL(AbslInternalPerThreadSemWait)(KernelTimeout timeout) {
  auto* const identity = absl::synchronization_internal::GetOrCreateCurrentThreadIdentity();
  // The first and only member of a class of standard layout. Others add to it and wake us.
  auto& count = *reinterpret_cast<std::atomic<int32_t>*>(Waiter::GetWaiter(identity));
  timespec until{};
  if (timeout.has_timeout()) {
    const absl::Time end = absl::TimeFromTimespec(timeout.MakeAbsTimespec());
    until = absl::ToTimespec(Read(CLOCK_MONOTONIC) + Left(end));
  }
  while (!TakeOne(count)) {
    const long result =
        ::syscall(SYS_futex, &count, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0,
                  timeout.has_timeout() ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (result != 0 && errno == ETIMEDOUT) return false;
  }
  return true;
}

}  // extern "C"
