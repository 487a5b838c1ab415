#include "tests/vm/faults/fault_fixture.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/status_macros.h"
#include "tests/vm/kernel.h"

namespace nvmeof::testing {
namespace {

// The lab between two cases; gone before the program ends.
class Between : public ::testing::Environment {
 public:
  void TearDown() override { lab.reset(); }
  std::unique_ptr<Lab> lab;
};

// GoogleTest owns it.
Between* const kBetween = static_cast<Between*>(::testing::AddGlobalTestEnvironment(new Between));

}  // namespace

void FaultTest::Keep(std::unique_ptr<Lab> lab) { kBetween->lab = std::move(lab); }

void FaultTest::DropLab() { kBetween->lab.reset(); }

absl::StatusOr<std::unique_ptr<Lab>> FaultTest::MakeLab(const std::string& name) {
  if (kBetween->lab != nullptr) {
    std::unique_ptr<Lab> lab = std::move(kBetween->lab);
    if (!lab->node().running()) RETURN_IF_ERROR(lab->StartNode());
    return lab;
  }
  // The twin of the flag --reconcile-interval; no other thread reads the environment meanwhile.
  ::setenv("NVMEOF_RECONCILE_INTERVAL", "1", 1);  // NOLINT(concurrency-mt-unsafe)
  return LabTest::MakeLab(name);
}

FaultTest::Parameters FaultTest::SoonGivenUp() { return {{"ctrlLossTmo", "3"}}; }

PodVolume FaultTest::NewVolume(VolumeKind kind, const Parameters& more, const std::string& name) {
  return NewVolumeOn(lab().cluster(), kind, more, name);
}

PodVolume FaultTest::NewVolumeOn(const Cluster& cluster, VolumeKind kind, const Parameters& more,
                                 const std::string& name) {
  // What a failed case leaves must not hang for long.
  Parameters parameters = {
      {"ctrlLossTmo", "30"}, {"reconnectDelay", "1"}, {"keepAliveTmo", "2"}, {"nrIoQueues", "1"}};
  for (const auto& [key, value] : more) parameters[key] = value;
  return {cluster, {.name = name, .kind = kind, .bytes = kBytes, .parameters = parameters}};
}

absl::Status FaultTest::Bring(PodVolume& volume, int paths) {
  RETURN_IF_ERROR(volume.Create());
  RETURN_IF_ERROR(volume.Attach());
  if (IsLive(volume, paths)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(
      "not ", paths, " live paths: ", absl::StrJoin(DescribePaths(volume.nqn()), ", ")));
}

absl::Status FaultTest::TakeAway(PodVolume& volume) {
  RETURN_IF_ERROR(volume.Detach());
  return volume.Delete();
}

absl::Status FaultTest::Patiently(const std::function<absl::Status()>& step) {
  absl::Status status;
  static_cast<void>(Eventually(kPatience, [&] {
    status = step();
    return !absl::IsUnavailable(status) && !absl::IsResourceExhausted(status);
  }));
  return status;
}

bool FaultTest::IsLive(const PodVolume& volume, int paths, absl::Duration limit) {
  return Eventually(limit, [&] { return CountLive(volume.nqn()) == paths; });
}

bool FaultTest::IsLost(const PodVolume& volume) {
  return Eventually(
      kPatience, [&] { return KernelPaths(volume.nqn()).empty() && !DiskOf(volume.nqn()).ok(); });
}

bool FaultTest::HealthSays(PodVolume& volume, const std::string& word) {
  std::string said;
  const bool found = Eventually(kPatience, [&] {
    const absl::StatusOr<std::string> health = volume.Health();
    said = health.ok() ? *health : health.status().ToString();
    return word.empty() ? health.ok() && said.empty() : absl::StrContains(said, word);
  });
  if (!found) std::cout << "health says: " << said << "\n";
  return found;
}

std::string KindName(const ::testing::TestParamInfo<VolumeKind>& info) { return Name(info.param); }

}  // namespace nvmeof::testing
