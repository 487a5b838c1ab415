// FaultTest: a lab for faults. Its node plugin reconciles every second, and its volumes have two
// paths, one through each portal, which the kernel soon finds lost and soon tries again.
//
// A lab that a case left as it found it serves the next one, too: starting one takes as long as
// many a case.
//
// Suites named EachKernel... run on every kernel, the others on the newer one (CMakeLists.txt).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "tests/vm/eventually.h"
#include "tests/vm/lab_fixture.h"
#include "tests/vm/pod_volume.h"

namespace nvmeof::testing {

class FaultTest : public LabTest {
 protected:
  using Parameters = std::map<std::string, std::string>;

  static constexpr std::int64_t kBytes = std::int64_t{128} << 20;
  static constexpr std::uint64_t kRegion = 1 << 20;  // of a Writer

  absl::StatusOr<std::unique_ptr<Lab>> MakeLab(const std::string& name) override;
  void Keep(std::unique_ptr<Lab> lab) override;
  // For suites that need another kernel than the others.
  static void DropLab();

  // Whose paths the kernel gives up three seconds after it found them lost, if they refuse.
  static Parameters SoonGivenUp();

  PodVolume NewVolume(VolumeKind kind, const Parameters& more = {},
                      const std::string& name = "pvc");

  static PodVolume NewVolumeOn(const Cluster& cluster, VolumeKind kind, const Parameters& more,
                               const std::string& name = "pvc");

  // Create and Attach; OK when all paths are live.
  static absl::Status Bring(PodVolume& volume, int paths = 2);
  // Detach and Delete.
  static absl::Status TakeAway(PodVolume& volume);

  // As orchestrators do: again while the answer is Unavailable or ResourceExhausted.
  static absl::Status Patiently(const std::function<absl::Status()>& step);

  static bool IsLive(const PodVolume& volume, int paths, absl::Duration limit = kPatience);
  // The kernel has neither a path nor a disk of it.
  static bool IsLost(const PodVolume& volume);
  // The word is said by NodeGetVolumeHealth, or it is empty and nothing is wrong; what is said
  // instead goes to the output.
  static bool HealthSays(PodVolume& volume, const std::string& word);
};

// For instances by kind.
std::string KindName(const ::testing::TestParamInfo<VolumeKind>& info);

}  // namespace nvmeof::testing
