#include "target/upkeep.h"

#include <algorithm>

namespace nvmeof::target {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(1);

}  // namespace

Upkeep::Upkeep(Exporter& exporter, absl::Time now)
    : exporter_(exporter), pause_(kFirstPause), next_look_(now + kLongestPause) {}

absl::Duration Upkeep::Do(absl::Time now) {
  pause_ = exporter_.RestoreMissing() ? kFirstPause : std::min(2 * pause_, kLongestPause);
  if (now >= next_look_) {
    exporter_.RestoreLost();
    next_look_ = now + kLongestPause;
  }
  return pause_;
}

}  // namespace nvmeof::target
