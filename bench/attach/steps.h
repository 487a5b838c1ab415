// What the benchmarks do with volumes, and how a row of their tables looks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "bench/attach/bare_host.h"
#include "bench/attach/samples.h"
#include "tests/vm/pod_volume.h"

namespace nvmeof::bench {

using testing::PodVolume;

inline constexpr std::int64_t kVolumeBytes = std::int64_t{256} << 20;

// "12.3"
std::string Milliseconds(absl::Duration duration);

// Prints "| title | base: median (p99) | with: median (p99) | with / base | goal |", milliseconds.
void PrintRow(const std::string& title, const Samples& base, const Samples& with,
              const std::string& goal);

// NodeStageVolume and NodePublishVolume; and back.
absl::Status StageAndPublish(PodVolume& volume);
absl::Status UnpublishAndUnstage(PodVolume& volume);

// Raw block volumes of one path, "NAME-0" and so on, made and exported to the node.
absl::StatusOr<std::vector<PodVolume>> Exported(const testing::Cluster& cluster,
                                                const std::string& name, int count);
absl::Status Withdraw(absl::Span<PodVolume> volumes);

// Runs the step on all volumes at once, each in a thread of its own; the first error.
absl::Status AtOnce(absl::Span<PodVolume> volumes,
                    const std::function<absl::Status(PodVolume&)>& step);

// Prints the row of all volumes attached at once by the driver against one after another by the
// kernel, in turns.
absl::Status Storm(BareHost& bare, absl::Span<PodVolume> volumes, int rounds,
                   const std::string& goal);

}  // namespace nvmeof::bench
