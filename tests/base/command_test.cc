#include "base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/file.h"
#include "base/unique_fd.h"
#include "tests/fakes/fake_command_runner.h"
#include "tests/fakes/temporary_directory.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

auto Ended(int exit_code, const ::testing::Matcher<std::string>& output) {
  return AllOf(Field(&CommandResult::exit_code, exit_code), Field(&CommandResult::output, output));
}

class CommandRunnerTest : public ::testing::Test {
 protected:
  absl::StatusOr<CommandResult> Run(const std::vector<std::string>& argv) {
    return runner_.Run(argv, clock_.Now() + absl::Seconds(30));
  }
  absl::StatusOr<CommandResult> RunScript(const std::string& script) {
    return Run({"/bin/sh", "-c", script});
  }

  const testing::TemporaryDirectory folder_;
  const MonotonicClock clock_{};
  PosixCommandRunner runner_{clock_};
};

TEST_F(CommandRunnerTest, CapturesOutputAndErrorInOrder) {
  EXPECT_THAT(RunScript("echo a; echo b >&2; echo c"), IsOkAndHolds(Ended(0, "a\nb\nc\n")));
}

TEST_F(CommandRunnerTest, LooksTheProgramUpInPath) {
  EXPECT_THAT(Run({"true"}), IsOkAndHolds(Ended(0, "")));
}

TEST_F(CommandRunnerTest, PassesArgumentsAsTheyAreWithoutAShell) {
  EXPECT_THAT(Run({"echo", "$HOME; a  b", "*"}), IsOkAndHolds(Ended(0, "$HOME; a  b *\n")));
}

TEST_F(CommandRunnerTest, ANonZeroExitIsAValue) {
  EXPECT_THAT(RunScript("echo why; exit 3"), IsOkAndHolds(Ended(3, "why\n")));
}

TEST_F(CommandRunnerTest, ASignalCountsFrom128) {
  EXPECT_THAT(RunScript("kill -TERM $$"), IsOkAndHolds(Ended(128 + SIGTERM, "")));
}

TEST_F(CommandRunnerTest, TheInputIsEmpty) {
  EXPECT_THAT(Run({"cat"}), IsOkAndHolds(Ended(0, "")));
}

TEST_F(CommandRunnerTest, TheLocaleIsC) {
  ::setenv("LANG", "de_DE.UTF-8", 1);
  ::setenv("LC_ALL", "de_DE.UTF-8", 1);
  EXPECT_THAT(RunScript("echo \"$LC_ALL$LANG\""), IsOkAndHolds(Ended(0, "C\n")));
}

TEST_F(CommandRunnerTest, TheRestOfTheEnvironmentIsOurs) {
  ::setenv("NVMEOF_COMMAND_TEST", "kept", 1);
  EXPECT_THAT(RunScript("echo $NVMEOF_COMMAND_TEST"), IsOkAndHolds(Ended(0, "kept\n")));
}

TEST_F(CommandRunnerTest, TheProgramInheritsNoDescriptor) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  const UniqueFd high(::fcntl(leaky.get(), F_DUPFD, 77));
  EXPECT_THAT(RunScript("test -e /proc/$$/fd/77"), IsOkAndHolds(Ended(1, "")));
}

TEST_F(CommandRunnerTest, TheProgramInheritsNoBlockedSignal) {
  sigset_t term;
  sigset_t old;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &old);
  const auto result = RunScript("kill -TERM $$; echo alive");
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  EXPECT_THAT(result, IsOkAndHolds(Ended(128 + SIGTERM, "")));
}

TEST_F(CommandRunnerTest, CutsLongOutputAndStillLetsTheProgramEnd) {
  const auto result = RunScript("head -c 3000000 /dev/zero; exit 7");
  EXPECT_THAT(result, IsOkAndHolds(Ended(7, ::testing::SizeIs(1 << 20))));
}

TEST_F(CommandRunnerTest, AMissingProgramIsNotFoundAndNamed) {
  EXPECT_THAT(Run({"no-such-program"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program")));
}

TEST_F(CommandRunnerTest, AFileThatMayNotRunIsPermissionDenied) {
  const std::string path = folder_.File("tool");
  ASSERT_OK(WriteFileAtomically(path, "#!/bin/sh\n", 0600));
  EXPECT_THAT(Run({path}), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(CommandRunnerTest, DoesNotWaitForAGrandchildThatKeepsTheOutput) {
  const auto result = RunScript("sleep 60 & echo $!");
  ASSERT_THAT(result, IsOkAndHolds(Ended(0, Not(""))));
  int sleeper = 0;
  ASSERT_TRUE(absl::SimpleAtoi(result->output, &sleeper));
  EXPECT_EQ(::kill(sleeper, SIGKILL), 0);
}

TEST_F(CommandRunnerTest, StartsNothingWhenTheDeadlineHasPassed) {
  const std::string mark = folder_.File("mark");
  EXPECT_THAT(runner_.Run({"touch", mark}, clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(ReadFile(mark), StatusIs(absl::StatusCode::kNotFound));
}

// The deadline comes as soon as somebody has written into the pipe.
class ClockOfPipe final : public Clock {
 public:
  explicit ClockOfPipe(int fd) : fd_(fd) {}
  absl::Time Now() const override {
    pollfd watched{fd_, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0 ? absl::InfiniteFuture() : absl::UnixEpoch();
  }
  void SleepUntil(absl::Time /*time*/) override {}

 private:
  const int fd_;
};

// True when all writers of the named pipe are gone within a generous time.
bool AwaitNoWriter(int fd) {
  while (true) {
    char byte = 0;
    pollfd watched{fd, POLLIN, 0};
    if (::poll(&watched, 1, 20000) <= 0) return false;
    if (::read(fd, &byte, 1) == 0) return true;
  }
}

TEST_F(CommandRunnerTest, KillsTheWholeGroupAtTheDeadline) {
  const std::string pipe = folder_.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const UniqueFd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const ClockOfPipe clock(reader.get());
  PosixCommandRunner runner(clock);
  // The grandchild holds the pipe open for as long as it lives; the last echo wakes the runner.
  const std::string script = absl::StrCat("exec 3>", pipe, "; sleep 60 & echo x >&3; echo; wait");
  EXPECT_THAT(runner.Run({"/bin/sh", "-c", script}, absl::UnixEpoch() + absl::Seconds(60)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(AwaitNoWriter(reader.get()));
}

TEST(FakeCommandRunnerTest, RecordsAnswersAndFails) {
  testing::FakeCommandRunner runner;
  runner.Answer("blkid", {.exit_code = 2, .output = "nothing"});
  runner.Fail("mkfs.xfs", absl::DeadlineExceededError("killed"));
  const absl::Time deadline = absl::InfiniteFuture();
  EXPECT_THAT(runner.Run({"blkid", "-p", "/dev/x"}, deadline), IsOkAndHolds(Ended(2, "nothing")));
  EXPECT_THAT(runner.Run({"mkfs.xfs"}, deadline), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(runner.Run({"other"}, deadline), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(runner.Lines(), ElementsAre("blkid -p /dev/x", "mkfs.xfs", "other"));
}

}  // namespace
}  // namespace nvmeof::base
