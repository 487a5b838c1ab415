// UniqueFd: owns one file descriptor and closes it when destroyed. Movable, not copyable. One
// thread at a time.
#pragma once

#include <unistd.h>

#include <utility>

namespace nvmeof::base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  // False after a failed open: errno is then still that of the open.
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

  // Closes now. An error of close is not reported: whoever needs the data on disk calls fsync.
  void Reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace nvmeof::base
