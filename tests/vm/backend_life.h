// The life of a volume over the real sockets and the real kernel, the same for every backend.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/time/time.h"

#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {

inline constexpr std::int64_t kLifeGib = std::int64_t{1} << 30;
inline constexpr absl::Duration kLifePatience = absl::Seconds(60);

// What befalls the volume.
struct LifeStory {
  int paths = 4;
  std::function<void(Writer&)> while_written = [](Writer&) {};
  std::function<void()> while_detached = [] {};
};

// Made, attached over all its paths, written, grown, moved away and back, read, deleted. Says how
// long each call took.
void Live(PodVolume& volume, const LifeStory& story = {});

void RepeatEveryCall(PodVolume& volume);

}  // namespace nvmeof::testing
