#include "mount/uncached_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"

namespace nvmeof::mount {
namespace {

// O_DIRECT wants whole blocks, also where the disk ends within the last one.
std::size_t RoundUp(std::size_t size) {
  return (size + kReadAlignment - 1) / kReadAlignment * kReadAlignment;
}

}  // namespace

absl::StatusOr<UncachedReader> UncachedReader::Open(const OpenedDevice& device) {
  char* const buffer = static_cast<char*>(std::aligned_alloc(kReadAlignment, kLargestRead));
  if (buffer == nullptr) return base::ErrnoStatus(ENOMEM, "read past the cache");
  absl::StatusOr<base::UniqueFd> fd = device.Reopen(O_RDONLY | O_DIRECT);
  return UncachedReader(device, fd.ok() ? *std::move(fd) : base::UniqueFd(), buffer);
}

absl::StatusOr<absl::string_view> UncachedReader::Read(std::uint64_t offset, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    const int fd = fd_.ok() ? fd_.get() : device_->fd();
    const ssize_t got =
        ::pread(fd, buffer_.get() + have, RoundUp(size - have), static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EINVAL && fd_.ok()) {
      fd_.Reset();  // a file system under an image file without O_DIRECT, or larger blocks
      continue;
    }
    const auto where = [&] {
      return absl::StrCat("read ", device_->name(), " at ", offset + have);
    };
    if (got < 0) return base::ErrnoStatus(errno, where());
    if (got == 0) return absl::UnavailableError(absl::StrCat(where(), ": the disk became smaller"));
    have += static_cast<std::size_t>(got);
  }
  return absl::string_view(buffer_.get(), size);
}

}  // namespace nvmeof::mount
