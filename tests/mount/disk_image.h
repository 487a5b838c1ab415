// DiskImage: a sparse file that stands for a disk, blank at first. It lives in memory, where mkfs
// is quick, or at a path, where it can be read past the page cache.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/unique_fd.h"
#include "mount/filesystem.h"
#include "mount/opened_device.h"

namespace nvmeof::testing {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;

class DiskImage {
 public:
  explicit DiskImage(std::uint64_t size = 400 * kMiB)
      : fd_(::memfd_create("disk", MFD_CLOEXEC)),
        path_(absl::StrCat("/proc/", ::getpid(), "/fd/", fd_.get())) {
    Resize(size);
  }
  DiskImage(std::uint64_t size, const std::string& path)
      : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)), path_(path) {
    Resize(size);
  }

  std::uint64_t size() const { return size_; }
  mount::Device device() const { return {path_, {259, 1}}; }
  mount::OpenedDevice Open() const {
    return *mount::OpenedDevice::Open(device(), mount::DeviceCheck::kAnyFile);
  }

  void Resize(std::uint64_t size) {
    EXPECT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(size)), 0);
    size_ = size;
  }

  void Write(std::uint64_t offset, absl::string_view bytes) const {
    EXPECT_EQ(::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }

  std::string Read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    EXPECT_EQ(::pread(fd_.get(), bytes.data(), size, static_cast<off_t>(offset)),
              static_cast<ssize_t>(size));
    return bytes;
  }

  // Runs one of the machine's file system tools, which plain users do not have in their PATH. The
  // last argument is the image.
  void Run(std::vector<std::string> argv) const {
    argv.front() = absl::StrCat("/sbin/", argv.front());
    argv.push_back(path_);
    const base::MonotonicClock clock;
    const absl::StatusOr<base::CommandResult> result =
        base::PosixCommandRunner(clock).Run(argv, clock.Now() + absl::Minutes(1));
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->exit_code, 0) << result->output;
  }

 private:
  base::UniqueFd fd_;
  std::string path_;
  std::uint64_t size_ = 0;
};

}  // namespace nvmeof::testing
