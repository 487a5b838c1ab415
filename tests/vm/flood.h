// Flood: several threads that write to one part of a disk as fast as it takes them, each block with
// a number that never comes twice.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace nvmeof::testing {

// Construction begins, destruction ends. Every write is direct.
class Flood {
 public:
  struct Region {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  Flood(const std::string& path, Region region, int threads);
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  ~Flood();

  std::uint64_t written() const { return written_; }

  // True when `blocks` more were written from now on.
  bool WaitFor(std::uint64_t blocks, absl::Duration limit) const;

  // True when every thread was ended by an error.
  bool WaitForEnd(absl::Duration limit) const;

 private:
  void Loop(const std::string& path, Region region);

  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> number_ = 0;
  std::atomic<int> running_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace nvmeof::testing
