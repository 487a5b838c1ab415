// FilePool: volumes as files `images/<handle>.img` in a folder on ext4, xfs or btrfs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "target/owned_folder.h"
#include "target/pool.h"

namespace nvmeof::target {

// Owns the folder while it lives.
class FilePool final : public Pool {
 public:
  // What RequireStableStorage does; tests run on whatever file system they find.
  using Check = std::function<absl::Status(const std::string& directory)>;

  // Makes what is missing in the folder, which must exist itself, and removes what unfinished calls
  // left. FailedPrecondition: the check refuses the folder, or another agent owns it.
  static absl::StatusOr<std::unique_ptr<FilePool>> Open(const std::string& directory,
                                                        const Check& check);

  // The absolute folder, without symbolic links.
  const std::string& directory() const { return folder_.path(); }

  absl::Status Create(const std::string& handle, std::int64_t bytes,
                      volume::Provisioning provisioning) override;
  absl::StatusOr<std::int64_t> Grow(const std::string& handle, std::int64_t bytes,
                                    volume::Provisioning provisioning) override;
  absl::Status Remove(const std::string& handle) override;
  std::string Path(const std::string& handle) const override;
  absl::StatusOr<std::int64_t> AllocatedBytes(const std::string& handle) const override;
  absl::StatusOr<std::vector<std::string>> Handles() const override;
  absl::StatusOr<PoolSpace> Space() const override;
  volume::SizeRules Rules() const override { return rules_; }

 private:
  FilePool(OwnedFolder folder, volume::SizeRules rules)
      : folder_(std::move(folder)), rules_(rules) {}

  std::string Images() const { return directory() + "/images"; }

  const OwnedFolder folder_;
  const volume::SizeRules rules_;
};

}  // namespace nvmeof::target
