// ThinPool: an LVM volume group of its own on a loop disk, with one thin pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "tests/vm/loop_disk.h"

namespace nvmeof::testing {

// One at a time. Nobody may have its volumes open at its end.
class ThinPool {
 public:
  explicit ThinPool(std::int64_t bytes);
  ThinPool(const ThinPool&) = delete;
  ThinPool& operator=(const ThinPool&) = delete;
  ~ThinPool();

  // As the agent is told of it.
  static std::string place();

  // The device nodes of the agent's volumes, sorted.
  static std::vector<std::string> Devices();

  // What a storage node that was shut down has: no volume is active.
  static absl::Status Deactivate();

 private:
  LoopDisk disk_;
};

}  // namespace nvmeof::testing
