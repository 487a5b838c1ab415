// KernelLog: what the kernel logs about a device while we act on it. File systems tell the reason
// why they refuse a disk there and nowhere else; errno is the same for all of them.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "base/unique_fd.h"

namespace nvmeof::mount {

// Remembers where the log stands when it is made. One thread at a time. Where the log cannot be
// read there are no words: it only makes messages better.
class KernelLog {
 public:
  explicit KernelLog(const std::string& path = "/dev/kmsg");

  // The warnings and errors since then that name the device ("nvme0n1"), joined by "; ", at most a
  // few.
  std::string Since(absl::string_view device);

 private:
  base::UniqueFd fd_;
};

}  // namespace nvmeof::mount
