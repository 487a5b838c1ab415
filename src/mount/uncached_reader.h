// UncachedReader: reads what is on the disk and not what the page cache remembers of it. Another
// node may have written since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/unique_fd.h"
#include "mount/opened_device.h"

namespace nvmeof::mount {

inline constexpr std::uint64_t kReadAlignment = 4096;
inline constexpr std::size_t kLargestRead = std::size_t{1} << 20;

// Borrows the device. Movable; one thread at a time.
class UncachedReader {
 public:
  static absl::StatusOr<UncachedReader> Open(const OpenedDevice& device);

  // Exactly `size` bytes, valid until the next read. A read error or the end of the disk is an
  // error that names the place.
  // REQUIRES: offset % kReadAlignment == 0, size <= kLargestRead.
  absl::StatusOr<absl::string_view> Read(std::uint64_t offset, std::size_t size);

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  UncachedReader(const OpenedDevice& device, base::UniqueFd fd, char* buffer)
      : device_(&device), fd_(std::move(fd)), buffer_(buffer) {}

  const OpenedDevice* device_;
  base::UniqueFd fd_;  // none: the device cannot be read past the cache
  std::unique_ptr<char, Free> buffer_;
};

}  // namespace nvmeof::mount
