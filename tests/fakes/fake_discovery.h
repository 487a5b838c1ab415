// FakeDiscovery: discovery controllers with the logs that a test gives them. Where there is none,
// nobody answers.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "nvme/discovery.h"
#include "volume/nqn.h"

namespace nvmeof::testing {

// Internally synchronised.
class FakeDiscovery final : public nvme::Discovery {
 public:
  absl::StatusOr<nvme::DiscoveryLog> Read(const volume::Path& path,
                                          absl::Time /*deadline*/) override {
    const absl::MutexLock lock(&mutex_);
    asked_.push_back(volume::Describe(path));
    const auto unreachable = unreachable_from_.find(path.host);
    if (unreachable != unreachable_from_.end()) return unreachable->second;
    const auto found = controllers_.find(path.portal);
    if (found == controllers_.end()) return absl::UnavailableError("Connection refused");
    return found->second;
  }

  // A controller there that says so, or fails.
  void Answer(const volume::Portal& controller, absl::StatusOr<nvme::DiscoveryLog> log) {
    const absl::MutexLock lock(&mutex_);
    controllers_.insert_or_assign(controller, std::move(log));
  }
  // A controller there that names these portals of the subsystem, and those to ask further.
  void Know(const volume::Portal& controller, const volume::Nqn& subsystem,
            const std::vector<volume::Portal>& portals,
            const std::vector<volume::Portal>& referrals = {}) {
    nvme::DiscoveryLog log;
    for (const volume::Portal& each : portals) {
      log.entries.push_back({nvme::DiscoveryKind::kSubsystem, subsystem.text(), each});
    }
    for (const volume::Portal& each : referrals) {
      log.entries.push_back(
          {nvme::DiscoveryKind::kReferral, std::string(nvme::kDiscoveryNqn), each});
    }
    Answer(controller, std::move(log));
  }
  void Remove(const volume::Portal& controller) {
    const absl::MutexLock lock(&mutex_);
    controllers_.erase(controller);
  }
  // No controller can be reached from this side.
  void Cut(const volume::HostSide& side) {
    const absl::MutexLock lock(&mutex_);
    unreachable_from_.emplace(side, absl::UnavailableError("no route"));
  }

  // Who was asked, as Describe has it; in no order where they were asked side by side.
  std::vector<std::string> asked() const {
    const absl::MutexLock lock(&mutex_);
    return asked_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<volume::Portal, absl::StatusOr<nvme::DiscoveryLog>> controllers_ ABSL_GUARDED_BY(mutex_);
  std::map<volume::HostSide, absl::Status> unreachable_from_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
