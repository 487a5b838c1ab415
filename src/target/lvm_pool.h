// LvmPool: volumes as thin volumes `nvmeof-<handle>` of one LVM thin pool, by LVM's own programs.
//
// A thin volume that was never written reads zeros, and takes room only when it is written; none is
// taken beforehand, so there are no thick volumes here. The pool itself is made, grown and removed
// by people.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/command.h"
#include "target/lvm_reports.h"
#include "target/pool.h"
#include "volume/pool_place.h"

namespace nvmeof::target {

// Borrows runner and clock. Only logical volumes of the name, with our tag, in this pool, are ever
// changed; another one that stands in the way is FailedPrecondition. Aborted: LVM is locked, or
// somebody has the volume open. Unavailable: LVM does not answer, or the volume group is gone.
class LvmPool final : public Pool {
 public:
  // Activates the pool and all volumes of ours; one that cannot be is logged. NotFound: no such
  // pool. FailedPrecondition: it is no thin pool, or one whose volumes show what others wrote.
  static absl::StatusOr<std::unique_ptr<LvmPool>> Open(const volume::LvmThinPool& place,
                                                       base::CommandRunner& runner,
                                                       const base::Clock& clock);

  absl::Status Create(const std::string& handle, std::int64_t bytes,
                      volume::Provisioning provisioning) override;
  absl::StatusOr<std::int64_t> Grow(const std::string& handle, std::int64_t bytes,
                                    volume::Provisioning provisioning) override;
  absl::Status Remove(const std::string& handle) override;
  std::string Path(const std::string& handle) const override;
  absl::StatusOr<std::int64_t> AllocatedBytes(const std::string& handle) const override;
  absl::StatusOr<std::vector<std::string>> Handles() const override;
  // Who asks while another look is under way gets what that one sees: LVM's programs wait for each
  // other, so that many looks at once would keep everybody from answering in time. Unavailable for
  // who asks while one takes too long.
  absl::StatusOr<PoolSpace> Space() const override;
  volume::SizeRules Rules() const override { return rules_; }

 private:
  LvmPool(volume::LvmThinPool place, base::CommandRunner& runner, const base::Clock& clock)
      : place_(std::move(place)), runner_(runner), clock_(clock) {}

  absl::StatusOr<std::string> Run(std::vector<std::string> argv, absl::Duration patience) const;
  absl::StatusOr<std::string> Change(std::vector<std::string> argv) const;
  absl::StatusOr<std::string> Report(const std::string& columns,
                                     std::vector<std::string> what) const;
  absl::StatusOr<PoolSpace> Measure() const;
  absl::StatusOr<ThinPoolReport> Look() const;
  absl::StatusOr<ThinVolumeReport> LookAt(const std::string& handle) const;
  absl::StatusOr<std::vector<ThinVolumeReport>> LookAtAll() const;
  absl::Status ActivateAll() const;

  std::string FullName(const std::string& handle) const;

  const volume::LvmThinPool place_;
  base::CommandRunner& runner_;
  const base::Clock& clock_;
  volume::SizeRules rules_;

  struct SharedLook {
    bool under_way = false;
    absl::Time began;
    absl::StatusOr<PoolSpace> seen = PoolSpace{};
  };
  bool NoLookIsUnderWay() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !look_.under_way; }
  mutable absl::Mutex mutex_;
  mutable SharedLook look_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::target
