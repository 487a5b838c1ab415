// FakePool: a pool in memory that counts bytes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "target/pool.h"
#include "tests/fakes/effects.h"

namespace nvmeof::testing {

// Internally synchronised. Borrows the effects.
class FakePool final : public target::Pool {
 public:
  struct File {
    std::int64_t bytes = 0;
    std::int64_t allocated = 0;

    friend bool operator==(const File&, const File&) = default;
  };

  FakePool(Effects& effects, std::int64_t total_bytes) : effects_(effects), total_(total_bytes) {}

  std::map<std::string, File> files() const {
    const absl::MutexLock lock(&mutex_);
    return files_;
  }

  // What lies at this volume's path is another pool's, as between thin pools of a volume group.
  void GiveAway(const std::string& handle) {
    const absl::MutexLock lock(&mutex_);
    given_away_.insert(handle);
    files_.erase(handle);
  }

  // The data goes without anybody's doing.
  void Lose(const std::string& handle) {
    const absl::MutexLock lock(&mutex_);
    files_.erase(handle);
  }

  // Volumes that were asked for, in order.
  std::vector<std::string> looks() const {
    const absl::MutexLock lock(&mutex_);
    return looks_;
  }

  // From now on the pool can take nothing at all.
  void TakeNothing(absl::Status reason) {
    const absl::MutexLock lock(&mutex_);
    refusal_ = std::move(reason);
  }

  // What a host writes or discards.
  void SetAllocated(const std::string& handle, std::int64_t bytes) {
    const absl::MutexLock lock(&mutex_);
    files_.at(handle).allocated = bytes;
  }

  absl::Status Create(const std::string& handle, std::int64_t bytes,
                      volume::Provisioning provisioning) override {
    const absl::MutexLock lock(&mutex_);
    if (files_.contains(handle)) return absl::AlreadyExistsError(handle);
    const std::int64_t allocated = provisioning == volume::Provisioning::kThick ? bytes : 0;
    if (allocated > Free()) return absl::ResourceExhaustedError(handle);
    if (absl::Status leave = Leave(absl::StrCat("create ", handle)); !leave.ok()) return leave;
    files_[handle] = {bytes, allocated};
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> Grow(const std::string& handle, std::int64_t bytes,
                                    volume::Provisioning provisioning) override {
    const absl::MutexLock lock(&mutex_);
    const auto file = files_.find(handle);
    if (file == files_.end()) return absl::NotFoundError(handle);
    if (file->second.bytes >= bytes) return file->second.bytes;
    if (absl::Status leave = Leave(absl::StrCat("grow ", handle)); !leave.ok()) return leave;
    if (provisioning == volume::Provisioning::kThick) {
      file->second.allocated += bytes - file->second.bytes;
    }
    file->second.bytes = bytes;
    return bytes;
  }

  absl::Status Remove(const std::string& handle) override {
    const absl::MutexLock lock(&mutex_);
    if (!files_.contains(handle)) return absl::OkStatus();
    if (absl::Status leave = Leave(absl::StrCat("remove ", handle)); !leave.ok()) return leave;
    files_.erase(handle);
    return absl::OkStatus();
  }

  std::string Path(const std::string& handle) const override {
    return absl::StrCat("/pool/", handle);
  }

  absl::StatusOr<std::int64_t> AllocatedBytes(const std::string& handle) const override {
    const absl::MutexLock lock(&mutex_);
    looks_.push_back(handle);
    if (given_away_.contains(handle)) return absl::FailedPreconditionError(handle);
    const auto file = files_.find(handle);
    if (file == files_.end()) return absl::NotFoundError(handle);
    return file->second.allocated;
  }

  absl::StatusOr<std::vector<std::string>> Handles() const override {
    const absl::MutexLock lock(&mutex_);
    std::vector<std::string> handles;
    for (const auto& [handle, file] : files_) handles.push_back(handle);
    return handles;
  }

  absl::StatusOr<target::PoolSpace> Space() const override {
    const absl::MutexLock lock(&mutex_);
    if (!refusal_.ok()) return refusal_;
    return target::PoolSpace{total_, Free()};
  }

  volume::SizeRules Rules() const override { return {}; }

 private:
  // The lock is given back while a test's hook runs.
  absl::Status Leave(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    mutex_.Unlock();
    absl::Status leave = effects_.Do(name);
    mutex_.Lock();
    return leave;
  }

  std::int64_t Free() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::int64_t free = total_;
    for (const auto& [handle, file] : files_) free -= file.allocated;
    return free;
  }

  Effects& effects_;
  const std::int64_t total_;

  mutable absl::Mutex mutex_;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, File> files_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> given_away_ ABSL_GUARDED_BY(mutex_);
  mutable std::vector<std::string> looks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
