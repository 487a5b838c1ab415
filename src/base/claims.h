// Claims: the exclusive right to act on a key (a volume, a name, a subsystem) right now. A taken
// key is refused and never queued, so that a stuck operation cannot pile up callers behind it; the
// edge answers Aborted (CSI specification, "Concurrency").
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace nvmeof::base {

class Claims;

// Holds one key of `Claims`, which must outlive it, and gives it back when destroyed. Movable.
class Claim {
 public:
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&& other) noexcept;
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim();

 private:
  friend class Claims;
  Claim(Claims* owner, std::string key);
  void Release();

  Claims* owner_;
  std::string key_;
};

// Internally synchronised; never blocks.
class Claims {
 public:
  // The claim, or nothing while another one on `key` lives.
  std::optional<Claim> TryTake(absl::string_view key);

 private:
  friend class Claim;
  void Give(const std::string& key);

  absl::Mutex mutex_;
  absl::flat_hash_set<std::string> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::base
