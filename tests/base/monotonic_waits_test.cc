// Abseil's waits as src/base/monotonic_waits.cc has them; a guest case of `faults` sets the clock.
#include <dlfcn.h>

#include <thread>

#include "absl/base/config.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace nvmeof::base {
namespace {

#define NVMEOF_NAME_OF(symbol) #symbol
#define NVMEOF_NAME(symbol) NVMEOF_NAME_OF(symbol)

// The file that holds the code at this address.
const void* ModuleOf(const void* address) {
  Dl_info info{};
  return ::dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

// Looked up as Abseil's library does it. To name the function itself would have the linker fetch
// it.
TEST(MonotonicWaitsTest, TakeThePlaceOfAbseilsOwn) {
  const char* const name = NVMEOF_NAME(ABSL_INTERNAL_C_SYMBOL(AbslInternalPerThreadSemWait));
  const void* const wait = ::dlsym(RTLD_DEFAULT, name);
  ASSERT_NE(wait, nullptr) << name;
  EXPECT_EQ(ModuleOf(wait), ModuleOf(reinterpret_cast<const void*>(&ModuleOf)));
}

TEST(MonotonicWaitsTest, AWaitEndsWhenItsTimeIsOver) {
  absl::Mutex mutex;
  absl::CondVar changed;
  const absl::MutexLock lock(&mutex);
  EXPECT_TRUE(changed.WaitWithTimeout(&mutex, absl::Milliseconds(1)));
  EXPECT_TRUE(changed.WaitWithTimeout(&mutex, -absl::Hours(1)));
  EXPECT_TRUE(changed.WaitWithDeadline(&mutex, absl::InfinitePast()));
}

TEST(MonotonicWaitsTest, AWaitEndsWhenItIsSignalled) {
  absl::Mutex mutex;
  absl::CondVar changed;
  int turns = 0;
  constexpr int kTurns = 1000;
  const auto take_turns = [&](int mine) {
    const absl::MutexLock lock(&mutex);
    while (turns < kTurns) {
      if (turns % 2 == mine) {
        ++turns;
        changed.Signal();
      } else {
        ASSERT_FALSE(changed.WaitWithTimeout(&mutex, absl::Hours(1)) && turns < kTurns);
      }
    }
    changed.Signal();
  };
  std::thread other(take_turns, 1);
  take_turns(0);
  other.join();
  EXPECT_EQ(turns, kTurns);
}

}  // namespace
}  // namespace nvmeof::base
