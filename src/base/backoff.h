// Backoff: when something that failed may be tried again: at once the first time, then later and
// later, and never in step with others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/time/time.h"

namespace nvmeof::base {

// One thread at a time.
class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration longest, std::uint64_t seed)
      : first_(first), longest_(longest), random_(seed) {}

  bool IsDue(const std::string& key, absl::Time now) const {
    const auto found = waits_.find(key);
    return found == waits_.end() || found->second.until <= now;
  }

  // Each failure doubles the wait, which is a quarter shorter or longer by chance.
  void Failed(const std::string& key, absl::Time now) {
    Wait& wait = waits_[key];
    wait.length =
        wait.length == absl::ZeroDuration() ? first_ : std::min(wait.length * 2, longest_);
    wait.until = now + wait.length * std::uniform_real_distribution(0.75, 1.25)(random_);
  }

  void Succeeded(const std::string& key) { waits_.erase(key); }

  // Forgets all others: what they stood for is no longer wanted.
  void KeepOnly(const std::set<std::string>& keys) {
    std::erase_if(waits_, [&](const auto& wait) { return !keys.contains(wait.first); });
  }

 private:
  struct Wait {
    absl::Duration length = absl::ZeroDuration();
    absl::Time until;
  };

  const absl::Duration first_;
  const absl::Duration longest_;
  std::mt19937_64 random_;
  std::map<std::string, Wait> waits_;
};

}  // namespace nvmeof::base
