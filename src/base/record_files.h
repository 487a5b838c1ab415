// RecordFiles: small files by name in one folder, each replaced as a whole; the seam between
// records and the disk.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace nvmeof::base {

// Safe to use from several threads on different names. Errors are those of base/file.h.
class RecordFiles {
 public:
  virtual ~RecordFiles() = default;

  // Sorted, without what unfinished writes left.
  virtual absl::StatusOr<std::vector<std::string>> Names() const = 0;
  virtual absl::StatusOr<std::string> Read(const std::string& name) const = 0;

  // After an error the old content holds.
  virtual absl::Status Write(const std::string& name, absl::string_view content) = 0;

  // An absent file is OK.
  virtual absl::Status Remove(const std::string& name) = 0;

  // Renames the file to "<name>.unreadable", where no reader takes it for a record.
  virtual absl::Status SetAside(const std::string& name) = 0;
};

// A folder whose files outlive this process, but not every power cut (Durability::kProcess).
class RecordDirectory final : public RecordFiles {
 public:
  // Makes the folder if it is absent, and removes what unfinished writes left in it as far as it
  // can.
  [[nodiscard]] static absl::StatusOr<RecordDirectory> Open(std::string path);

  absl::StatusOr<std::vector<std::string>> Names() const override;
  absl::StatusOr<std::string> Read(const std::string& name) const override;
  absl::Status Write(const std::string& name, absl::string_view content) override;
  absl::Status Remove(const std::string& name) override;
  absl::Status SetAside(const std::string& name) override;

 private:
  explicit RecordDirectory(std::string path) : path_(std::move(path)) {}
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
};

}  // namespace nvmeof::base
