#include "tests/vm/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"

namespace nvmeof::testing {

absl::StatusOr<std::unique_ptr<Process>> Process::Start(std::vector<std::string> argv,
                                                        const std::string& log,
                                                        const std::string& network) {
  // nsenter replaces itself by the program, so the process id stays the program's. "ip netns exec"
  // would also give it another /sys, without configfs.
  if (!network.empty()) {
    argv.insert(argv.begin(), {"nsenter", absl::StrCat("--net=/run/netns/", network)});
  }
  std::vector<char*> pointers;
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), ::environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::ErrnoStatus(error, absl::StrCat("start ", argv[0]));

  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return std::unique_ptr<Process>(new Process(pid, std::move(pidfd), log));
}

std::string Process::LogText() const {
  std::ifstream file(log_);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Process::~Process() { Kill(); }

absl::StatusOr<int> Process::Wait(absl::Duration limit) {
  if (reaped_) return exit_code_;
  pollfd poll{pidfd_.get(), POLLIN, 0};
  if (::poll(&poll, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) != 1) {
    return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " still runs"));
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  reaped_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

bool Process::running() { return !Wait(absl::ZeroDuration()).ok(); }

void Process::Kill() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  // A program that hangs in the kernel cannot be waited for; the guest's deadline ends it.
  Wait(absl::Seconds(120)).IgnoreError();
}

void Process::Pause() const { ::kill(pid_, SIGSTOP); }

void Process::Resume() const { ::kill(pid_, SIGCONT); }

absl::StatusOr<int> Process::Stop(absl::Duration limit) {
  if (!reaped_) ::kill(pid_, SIGTERM);
  return Wait(limit);
}

}  // namespace nvmeof::testing
