#include "tests/vm/write_loop.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/unique_fd.h"
#include "tests/vm/direct_block.h"
#include "tests/vm/eventually.h"

namespace nvmeof::testing {

absl::StatusOr<std::unique_ptr<WriteLoop>> WriteLoop::Start(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::ErrnoStatus(errno, "shared memory");
  auto* const shared = new (memory) Shared;
  const pid_t pid = ::fork();
  if (pid < 0) return base::ErrnoStatus(errno, "fork");
  if (pid == 0) {
    // Other threads held locks: from here on only system calls.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Loop(fd.get(), *shared);
    ::_exit(0);
  }
  return std::unique_ptr<WriteLoop>(new WriteLoop(pid, shared));
}

void WriteLoop::Loop(int fd, Shared& shared) {
  DirectBlock block;
  for (std::uint64_t number = 1;; ++number) {
    block.words.fill(number);
    const auto at = static_cast<off_t>(number * kDirectBlockBytes % kRegion);
    if (::pwrite(fd, &block, kDirectBlockBytes, at) != static_cast<ssize_t>(kDirectBlockBytes)) {
      shared.error = errno == 0 ? EIO : errno;
      return;
    }
    shared.accepted = number;
  }
}

WriteLoop::~WriteLoop() {
  ::kill(pid_, SIGKILL);
  static_cast<void>(
      Eventually(absl::Seconds(20), [this] { return ::waitpid(pid_, nullptr, WNOHANG) != 0; }));
}

void WriteLoop::Pause() const { ::kill(pid_, SIGSTOP); }

void WriteLoop::Resume() const { ::kill(pid_, SIGCONT); }

bool WriteLoop::WaitFor(std::uint64_t writes, absl::Duration limit) const {
  const std::uint64_t wanted = accepted() + writes;
  return Eventually(limit, [&] { return accepted() >= wanted; });
}

bool WriteLoop::WaitForError(absl::Duration limit) const {
  return Eventually(limit, [this] { return shared_->error != 0; });
}

absl::StatusOr<std::uint64_t> WriteLoop::LastIn(const std::string& file) {
  // Past the page cache: what is on the storage.
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", file));
  std::uint64_t last = 0;
  DirectBlock block;
  for (std::uint64_t at = 0; at < kRegion; at += kDirectBlockBytes) {
    if (::pread(fd.get(), &block, kDirectBlockBytes, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(kDirectBlockBytes)) {
      return base::ErrnoStatus(errno, absl::StrCat("read ", file));
    }
    last = std::max(last, *std::max_element(block.words.begin(), block.words.end()));
  }
  return last;
}

}  // namespace nvmeof::testing
