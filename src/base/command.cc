#include "base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::base {
namespace {

constexpr std::size_t kMostOutput = std::size_t{1} << 20;
// A killed process is gone in microseconds unless it hangs in the kernel.
constexpr absl::Duration kKillGrace = absl::Milliseconds(200);
constexpr absl::Duration kLongestPoll = absl::Minutes(1);

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd output;  // the pipe's end that we read; does not block
};

// The attributes and file actions of posix_spawn. Their setters only fail for want of memory.
class SpawnSettings {
 public:
  explicit SpawnSettings(int output_fd) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    // A group of its own, so that the kill at the deadline reaches what it started; and no signal
    // state of ours.
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output_fd, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output_fd, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

// Ours, with the locale replaced: the output of tools is read by us and by logs.
std::vector<std::string> Environment() {
  std::vector<std::string> variables = {"LC_ALL=C"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const absl::string_view text = *variable;
    if (!absl::StartsWith(text, "LC_") && !absl::StartsWith(text, "LANG")) {
      variables.emplace_back(text);
    }
  }
  return variables;
}

// What execve wants. The result points into `strings`.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<Child> Spawn(std::vector<std::string> argv) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  Child child;
  child.output = UniqueFd(ends[0]);
  const UniqueFd write_end(ends[1]);
  // Only our end: the program's would fail on a full pipe instead of waiting.
  if (::fcntl(child.output.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");

  const SpawnSettings settings(write_end.get());
  std::vector<std::string> environment = Environment();
  const int error =
      ::posix_spawnp(&child.pid, argv[0].c_str(), settings.actions(), settings.attributes(),
                     Pointers(argv).data(), Pointers(environment).data());
  if (error != 0) return ErrnoStatus(error, absl::StrCat("run ", argv[0]));
  return child;
}

// Appends what the pipe holds now; closes our end at its end. What passes the limit is dropped, so
// that the program never waits for us.
void ReadAvailable(Child& child, std::string& output) {
  std::array<char, 4096> buffer{};
  while (child.output.ok()) {
    const ssize_t got = ::read(child.output.get(), buffer.data(), buffer.size());
    if (got > 0) {
      const auto wanted = std::min(static_cast<std::size_t>(got), kMostOutput - output.size());
      output.append(buffer.data(), wanted);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      return;
    } else {
      child.output.Reset();
    }
  }
}

// True when the program has ended; its output is in `output`. False at the deadline.
bool AwaitEnd(Child& child, const Clock& clock, absl::Time deadline, std::string& output) {
  while (true) {
    const absl::Duration remaining = std::min(deadline - clock.Now(), kLongestPoll);
    if (remaining <= absl::ZeroDuration()) return false;
    // A closed output has descriptor -1, which poll passes over.
    std::array<pollfd, 2> watched = {pollfd{child.pidfd.get(), POLLIN, 0},
                                     pollfd{child.output.get(), POLLIN, 0}};
    const timespec timeout = absl::ToTimespec(remaining);
    if (::ppoll(watched.data(), watched.size(), &timeout, nullptr) <= 0) continue;
    // The program first: what it wrote before its end is in the pipe by now. A grandchild may hold
    // the pipe open for longer; nobody waits for that.
    ReadAvailable(child, output);
    if (watched[0].revents != 0) return true;
  }
}

// glibc 2.36 declares pidfd_open without C linkage.
UniqueFd OpenPidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// True when the process has ended; takes its entry from the process table.
bool Reap(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; }

}  // namespace

absl::StatusOr<CommandResult> PosixCommandRunner::Run(const std::vector<std::string>& argv,
                                                      absl::Time deadline) {
  ReapLeftBehind();
  if (clock_.Now() >= deadline) {
    return absl::DeadlineExceededError(absl::StrCat("run ", argv[0], ": no time left"));
  }
  ASSIGN_OR_RETURN(Child child, Spawn(argv));
  child.pidfd = OpenPidfd(child.pid);
  if (!child.pidfd.ok()) {
    absl::Status status = ErrnoStatus(errno, absl::StrCat("pidfd of ", argv[0]));
    Kill(child.pid, child.pidfd.get());
    return status;
  }
  CommandResult result;
  if (!AwaitEnd(child, clock_, deadline, result.output)) {
    Kill(child.pid, child.pidfd.get());
    return absl::DeadlineExceededError(
        absl::StrCat("run ", argv[0], ": killed, it did not end in time"));
  }
  siginfo_t end{};
  if (::waitid(P_PID, static_cast<id_t>(child.pid), &end, WEXITED) != 0) {
    return ErrnoStatus(errno, absl::StrCat("wait for ", argv[0]));
  }
  result.exit_code = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
  return result;
}

void PosixCommandRunner::Kill(pid_t pid, int pidfd) {
  // Not reaped yet, so the number is still that of our child and of its group.
  ::kill(-pid, SIGKILL);
  pollfd watched{pidfd, POLLIN, 0};
  const timespec grace = absl::ToTimespec(kKillGrace);
  ::ppoll(&watched, 1, &grace, nullptr);
  if (Reap(pid)) return;
  const absl::MutexLock lock(&mutex_);
  left_behind_.push_back(pid);
}

void PosixCommandRunner::ReapLeftBehind() {
  const absl::MutexLock lock(&mutex_);
  left_behind_.erase(std::remove_if(left_behind_.begin(), left_behind_.end(), Reap),
                     left_behind_.end());
}

}  // namespace nvmeof::base
