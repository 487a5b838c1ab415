// Configfs: the seam to the kernel target's configuration tree, in which folders are objects, files
// their attributes and symbolic links their relations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nvmeof::target {

// Paths are relative to the tree's root: "ports/1/addr_traddr". Errors are those of
// base/errno_status.h with the path; what is wanted already (made, removed, linked) is OK. Safe to
// use from several threads. A call blocks while the kernel works: disabling a namespace waits until
// its last command is done.
class Configfs {
 public:
  virtual ~Configfs() = default;

  // The attribute's value without the line's end.
  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
  virtual absl::Status Write(const std::string& path, const std::string& value) = 0;

  // Names in the folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) const = 0;

  // True when this call made it.
  virtual absl::StatusOr<bool> MakeDirectory(const std::string& path) = 0;
  virtual absl::Status RemoveDirectory(const std::string& path) = 0;

  virtual absl::Status Link(const std::string& object, const std::string& link) = 0;
  virtual absl::Status Unlink(const std::string& link) = 0;
};

class KernelConfigfs final : public Configfs {
 public:
  explicit KernelConfigfs(std::string root = "/sys/kernel/config/nvmet") : root_(std::move(root)) {}

  // FailedPrecondition, with the line that mends it, when the tree is not there.
  absl::Status CheckPresent() const;

  absl::StatusOr<std::string> Read(const std::string& path) const override;
  absl::Status Write(const std::string& path, const std::string& value) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) const override;
  absl::StatusOr<bool> MakeDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::Status Link(const std::string& object, const std::string& link) override;
  absl::Status Unlink(const std::string& link) override;

 private:
  std::string PathOf(const std::string& path) const { return root_ + "/" + path; }

  const std::string root_;
};

}  // namespace nvmeof::target
