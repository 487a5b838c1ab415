#include "server/stop_signal.h"

#include <unistd.h>

#include "gtest/gtest.h"

namespace nvmeof::server {
namespace {

TEST(StopSignalTest, NamesTheSignalThatCame) {
  StopSignal stop;
  std::raise(SIGTERM);
  EXPECT_EQ(stop.Wait(), "SIGTERM");
  std::raise(SIGINT);
  EXPECT_EQ(stop.Wait(), "SIGINT");
}

TEST(EndProcessWithinTest, EndsAProcessThatHangs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        EndProcessWithin(absl::Milliseconds(1));
        while (true) ::pause();
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace nvmeof::server
