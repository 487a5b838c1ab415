// FakeLvm: LVM's programs over one volume group "vg" with one thin pool "thin" in memory, with the
// reports and complaints of LVM 2.03.16.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "base/command.h"

namespace nvmeof::testing {

// Internally synchronised.
class FakeLvm final : public base::CommandRunner {
 public:
  static constexpr std::int64_t kExtent = std::int64_t{4} << 20;

  struct Volume {
    std::int64_t bytes = 0;
    std::int64_t used = 0;  // written by a host
    std::string pool = "thin";
    std::string tags = "nvmeof-csi";
    bool active = true;
    bool open = false;
  };

  struct ThinPool {
    std::int64_t bytes = 0;
    std::string metadata_percent = "10.45";
    std::string health = {};
    std::string when_full = "error";
    std::string zero = "zero";
    bool active = true;
  };

  explicit FakeLvm(std::int64_t bytes) { pool_.bytes = bytes; }

  void SetPool(ThinPool pool) {
    const absl::MutexLock lock(&mutex_);
    pool_ = std::move(pool);
  }
  void SetVolume(const std::string& name, Volume volume) {
    const absl::MutexLock lock(&mutex_);
    volumes_.insert_or_assign(name, std::move(volume));
  }
  std::map<std::string, Volume> volumes() const {
    const absl::MutexLock lock(&mutex_);
    return volumes_;
  }

  // The next run of the program gives this, and does nothing.
  void AnswerNext(const std::string& program, absl::StatusOr<base::CommandResult> result) {
    const absl::MutexLock lock(&mutex_);
    next_.insert_or_assign(program, std::move(result));
  }

  // Called before each run, without a lock held: a test blocks there.
  void OnRun(std::function<void()> hook) {
    const absl::MutexLock lock(&mutex_);
    hook_ = std::move(hook);
  }

  // Each run but those of lvs, with its arguments joined by blanks.
  std::vector<std::string> changes() const {
    const absl::MutexLock lock(&mutex_);
    return changes_;
  }

  absl::StatusOr<base::CommandResult> Run(const std::vector<std::string>& argv,
                                          absl::Time deadline) override;

 private:
  struct Arguments {
    std::map<std::string, std::string> options;
    std::string object;
  };
  std::function<void()> hook() const {
    const absl::MutexLock lock(&mutex_);
    return hook_;
  }
  static Arguments Parse(const std::vector<std::string>& argv);
  base::CommandResult Answer(const std::vector<std::string>& argv)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  base::CommandResult Report(const Arguments& arguments) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  base::CommandResult Create(const Arguments& arguments) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  base::CommandResult Extend(const Arguments& arguments) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  base::CommandResult Change(const Arguments& arguments) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  base::CommandResult Remove(const Arguments& arguments) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string PoolRow(const std::string& columns) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  ThinPool pool_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Volume> volumes_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> hook_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::StatusOr<base::CommandResult>> next_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> changes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
