// RecordFolder: small files, each replaced as a whole, that stay writable when the file system is
// full.
//
// Hosts that fill thin volumes can take the last block; deleting a volume and shutting a host out
// must work even then, and both write a record first. So the folder keeps a ballast file and gives
// it up piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nvmeof::target {

// Safe to use from several threads on different names. Errors are those of base/file.h.
class RecordFolder {
 public:
  // Makes the folder if needed, removes what unfinished writes left, and fills up the ballast as
  // far as there is room.
  static absl::StatusOr<std::unique_ptr<RecordFolder>> Open(std::string directory);

  virtual ~RecordFolder() = default;
  RecordFolder(const RecordFolder&) = delete;
  RecordFolder& operator=(const RecordFolder&) = delete;

  // Names of all files but the folder's own, sorted.
  absl::StatusOr<std::vector<std::string>> Names() const;
  absl::StatusOr<std::string> Read(const std::string& name) const;

  // After OK the new content outlives a power cut. ResourceExhausted when the file system is full
  // and so little ballast is left that it does not help.
  absl::Status Write(const std::string& name, const std::string& content);

  // An absent file is OK.
  absl::Status Remove(const std::string& name);

  // Renames the file so that Names() still shows it but no reader takes it for a record. The new
  // name.
  absl::StatusOr<std::string> SetAside(const std::string& name);

 protected:
  explicit RecordFolder(std::string directory) : directory_(std::move(directory)) {}
  absl::Status Prepare();

  // What the disk does, so that a test can let it be full or broken.
  virtual absl::Status Replace(const std::string& path, const std::string& content);
  virtual absl::Status Erase(const std::string& path);

 private:
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  void FillBallast() const;
  bool GiveUpBallast() const;

  const std::string directory_;
};

}  // namespace nvmeof::target
