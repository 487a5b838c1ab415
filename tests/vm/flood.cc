#include "tests/vm/flood.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "tests/vm/direct_block.h"
#include "tests/vm/eventually.h"

namespace nvmeof::testing {

Flood::Flood(const std::string& path, Region region, int threads) : running_(threads) {
  const std::uint64_t part = region.bytes / static_cast<std::uint64_t>(threads);
  for (int i = 0; i < threads; ++i) {
    const Region own{region.offset + static_cast<std::uint64_t>(i) * part, part};
    threads_.emplace_back([this, path, own] {
      Loop(path, own);
      --running_;
    });
  }
}

Flood::~Flood() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

bool Flood::WaitFor(std::uint64_t blocks, absl::Duration limit) const {
  const std::uint64_t wanted = written_ + blocks;
  return Eventually(limit, [&] { return written_ >= wanted; });
}

bool Flood::WaitForEnd(absl::Duration limit) const {
  return Eventually(limit, [&] { return running_ == 0; });
}

void Flood::Loop(const std::string& path, Region region) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  DirectBlock block;
  for (std::uint64_t next = 0; !stop_; next = (next + kDirectBlockBytes) % region.bytes) {
    block.words.fill(++number_);
    const auto at = static_cast<off_t>(region.offset + next);
    const ssize_t wrote = ::pwrite(fd.get(), &block, kDirectBlockBytes, at);
    if (wrote != static_cast<ssize_t>(kDirectBlockBytes)) return;
    ++written_;
  }
}

}  // namespace nvmeof::testing
