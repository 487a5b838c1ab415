// Troubles: what last went wrong with each volume, for NodeGetVolumeHealth: a stage that failed
// leaves no record, and a repair that cannot be done needs a person.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace nvmeof::node {

// Internally synchronised. In memory only: what still is wrong goes wrong again. Remembers so many
// volumes, and forgets the one that was noted first for a new one.
class Troubles {
 public:
  static constexpr std::size_t kMost = 1000;

  void Note(const std::string& volume_id, std::string message);
  void Clear(absl::string_view volume_id);
  std::optional<std::string> Of(absl::string_view volume_id) const;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, std::string, std::less<>> messages_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::node
