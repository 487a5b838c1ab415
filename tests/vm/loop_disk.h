// LoopDisk: a block device of its own over a sparse file, for what needs a real one but no fabric.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mount/filesystem.h"

namespace nvmeof::testing {

// One thread at a time. Unmount it before it is destroyed.
class LoopDisk {
 public:
  // Blank, or with the content of another one that nobody has open.
  explicit LoopDisk(std::int64_t size);
  explicit LoopDisk(const LoopDisk* original);
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;
  ~LoopDisk();

  const mount::Device& device() const { return device_; }

  // The disk grows, also under a mount.
  void Grow(std::int64_t size);

 private:
  void Attach();

  std::string file_;
  mount::Device device_;
};

}  // namespace nvmeof::testing
