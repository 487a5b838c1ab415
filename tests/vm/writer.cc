#include "tests/vm/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/clock.h"
#include "base/errno_status.h"
#include "base/unique_fd.h"

namespace nvmeof::testing {
namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr std::size_t kWords = kBlockBytes / sizeof(std::uint64_t);

struct alignas(kBlockBytes) WrittenBlock {
  std::array<std::uint64_t, kWords> words{};
};

// splitmix64: every word of a block depends on the block, its round and its place.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

void Fill(WrittenBlock& block, std::uint64_t index, std::uint64_t round) {
  const std::uint64_t seed = Mix(index << 32 ^ round);
  for (std::size_t word = 0; word < kWords; ++word) block.words[word] = Mix(seed + word);
}

}  // namespace

Writer::Writer(std::string path, std::uint64_t region_bytes)
    : path_(std::move(path)), rounds_(region_bytes / kBlockBytes, 0) {}

Writer::~Writer() { Stop().IgnoreError(); }

void Writer::Start() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_DIRECT | O_DSYNC | O_CLOEXEC, 0600);
  absl::MutexLock lock(&mutex_);
  stop_ = false;
  ended_ = fd < 0;
  status_ = fd < 0 ? base::ErrnoStatus(errno, absl::StrCat("open ", path_)) : absl::OkStatus();
  last_ = base::MonotonicClock().Now();
  longest_gap_ = absl::ZeroDuration();
  if (fd >= 0) thread_ = std::thread([this, fd] { Loop(fd); });
}

void Writer::Loop(int raw_fd) {
  const base::UniqueFd fd(raw_fd);
  WrittenBlock block;
  for (std::uint64_t next = written();; ++next) {
    const std::uint64_t index = next % rounds_.size();
    Fill(block, index, rounds_[index] + 1);
    const ssize_t wrote =
        ::pwrite(fd.get(), &block, kBlockBytes, static_cast<off_t>(index * kBlockBytes));
    const int error = errno;
    absl::MutexLock lock(&mutex_);
    if (wrote != static_cast<ssize_t>(kBlockBytes)) {
      status_ = base::ErrnoStatus(error, absl::StrCat("write block ", index, " of ", path_));
      doubt_ = index;
    } else {
      doubt_.reset();
      ++rounds_[index];
      ++written_;
      const absl::Time now = base::MonotonicClock().Now();
      longest_gap_ = std::max(longest_gap_, now - std::exchange(last_, now));
    }
    ended_ = stop_ || !status_.ok();
    if (ended_) return;
  }
}

bool Writer::WaitFor(std::uint64_t blocks, absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  const std::uint64_t wanted = written_ + blocks;
  auto reached = [this, wanted]()
                     ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return written_ >= wanted || ended_; };
  mutex_.AwaitWithTimeout(absl::Condition(&reached), limit);
  return written_ >= wanted;
}

absl::Status Writer::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
  absl::MutexLock lock(&mutex_);
  return status_;
}

std::uint64_t Writer::written() const {
  absl::MutexLock lock(&mutex_);
  return written_;
}

absl::Duration Writer::longest_gap() const {
  absl::MutexLock lock(&mutex_);
  // A write that hangs is a gap, too.
  return ended_ ? longest_gap_ : std::max(longest_gap_, base::MonotonicClock().Now() - last_);
}

void Writer::ResetGap() {
  absl::MutexLock lock(&mutex_);
  longest_gap_ = absl::ZeroDuration();
  last_ = base::MonotonicClock().Now();
}

absl::StatusOr<std::uint64_t> Writer::Verify(const std::string& path) const {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  std::uint64_t checksum = 0;
  WrittenBlock wanted;
  WrittenBlock found;
  for (std::uint64_t index = 0; index < rounds_.size() && rounds_[index] > 0; ++index) {
    const ssize_t got =
        ::pread(fd.get(), &found, kBlockBytes, static_cast<off_t>(index * kBlockBytes));
    if (got != static_cast<ssize_t>(kBlockBytes)) {
      return base::ErrnoStatus(got < 0 ? errno : EIO, absl::StrCat("read block ", index));
    }
    Fill(wanted, index, rounds_[index]);
    if (index == doubt_ && std::memcmp(&wanted, &found, kBlockBytes) != 0) {
      Fill(wanted, index, rounds_[index] + 1);
    }
    if (std::memcmp(&wanted, &found, kBlockBytes) != 0) {
      return absl::DataLossError(
          absl::StrCat("block ", index, " of ", path, " is not round ", rounds_[index]));
    }
    for (const std::uint64_t word : found.words) checksum = Mix(checksum ^ word);
  }
  return checksum;
}

}  // namespace nvmeof::testing
