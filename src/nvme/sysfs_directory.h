// SysfsDirectory: one open folder of sysfs, read with as few system calls as it can be.
//
// Holding the folder open ties all reads to the same kernel object: when that is gone, and even if
// its name is in use again, they answer NotFound. Movable. One thread at a time. Errors: NotFound
// when the object or the attribute is gone, else those of ErrnoStatus with the path in the message.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/unique_fd.h"

namespace nvmeof::nvme {

struct SysfsEntry {
  std::string name;
  // Inode number: the kernel gives each object its own, also to the next one of the same name.
  std::uint64_t node = 0;
};

class SysfsDirectory {
 public:
  [[nodiscard]] static absl::StatusOr<SysfsDirectory> Open(const std::string& path);

  // Follows symbolic links, which is how sysfs refers to objects elsewhere.
  [[nodiscard]] absl::StatusOr<SysfsDirectory> OpenChild(const std::string& name) const;

  // SysfsEntry::node of this folder.
  [[nodiscard]] absl::StatusOr<std::uint64_t> Node() const;

  // The attribute without blanks around it; `name` may lead through child folders. At most 4 KiB,
  // as sysfs has it.
  [[nodiscard]] absl::StatusOr<std::string> Read(const std::string& name) const;

  // One write(2). Blocks for as long as the kernel works on it. InvalidArgument when the kernel
  // does not take the value.
  [[nodiscard]] absl::Status Write(const std::string& name, absl::string_view content) const;

  // What is in the folder but "." and "..", in no order. Both at most once for each Open.
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> List() const;
  [[nodiscard]] absl::StatusOr<std::vector<SysfsEntry>> Entries() const;

 private:
  SysfsDirectory(std::string path, base::UniqueFd fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  [[nodiscard]] absl::Status Error(int error, const std::string& name) const;

  std::string path_;  // for messages
  base::UniqueFd fd_;
};

}  // namespace nvmeof::nvme
