#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "base/status_macros.h"
#include "bench/attach/samples.h"
#include "bench/attach/steps.h"
#include "bench/faults/measures.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/liar.h"

namespace nvmeof::bench {
namespace {

using testing::Cluster;
using testing::Lab;
using testing::Liar;
using testing::Network;
using testing::VolumeKind;

constexpr int kPairs = 20;  // of a healthy and a bad attach
constexpr int kTurns = 4;   // of attaches beside a dead volume, and without it
constexpr int kAttachesOfTurn = 6;
constexpr int kLiarPort = 4499;

// A volume that is staged in vain again and again while this lives.
class StagedInVain {
 public:
  StagedInVain(const Cluster& cluster, const std::string& portals)
      : volume_(
            cluster,
            {.name = "dead", .kind = VolumeKind::kBlock, .bytes = kVolumeBytes, .parameters = {}},
            {{"nqn", "nqn.2026-01.dev.nvmeof:dead"},
             {"uuid", "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3a001"},
             {"nsid", "1"},
             {"portals", portals},
             {"sizeBytes", absl::StrCat(kVolumeBytes)}}),
        thread_([this] {
          while (!stop_) volume_.Stage().IgnoreError();
        }) {}
  StagedInVain(const StagedInVain&) = delete;
  StagedInVain& operator=(const StagedInVain&) = delete;
  ~StagedInVain() {
    stop_ = true;
    thread_.join();
    volume_.Unstage().IgnoreError();
  }

 private:
  PodVolume volume_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Both paths are live before it is detached: what comes in the background must not meet the next
// attach.
absl::Status DetachWhole(PodVolume& volume) {
  if (!testing::Eventually(absl::Seconds(30),
                           [&] { return testing::CountLive(volume.nqn()) == Network::kLinks; })) {
    return absl::DeadlineExceededError("the second path does not come");
  }
  return UnpublishAndUnstage(volume);
}

absl::Status OneOfTwoDark(Lab& lab, int portal) {
  PodVolume volume(
      lab.cluster(),
      {.name = "half-dark", .kind = VolumeKind::kBlock, .bytes = kVolumeBytes, .parameters = {}});
  RETURN_IF_ERROR(volume.Create());
  RETURN_IF_ERROR(volume.ControllerPublish());
  RETURN_IF_ERROR(StageAndPublish(volume));
  RETURN_IF_ERROR(DetachWhole(volume));
  Samples healthy;
  Samples dark;
  for (int pair = 0; pair < kPairs; ++pair) {
    RETURN_IF_ERROR(healthy.Time([&] { return StageAndPublish(volume); }));
    RETURN_IF_ERROR(DetachWhole(volume));
    RETURN_IF_ERROR(lab.network().Cut(portal));
    RETURN_IF_ERROR(dark.Time([&] { return StageAndPublish(volume); }));
    RETURN_IF_ERROR(UnpublishAndUnstage(volume));
    RETURN_IF_ERROR(lab.network().Heal());
  }
  PrintRow(absl::StrCat("attach with portal ", portal + 1, " of 2 black-holed / healthy"), healthy,
           dark, "1.30");
  RETURN_IF_ERROR(volume.ControllerUnpublish());
  return volume.Delete();
}

absl::Status BesideDeadVolume(Lab& lab, const std::string& what, const std::string& portals) {
  ASSIGN_OR_RETURN(std::vector<PodVolume> volumes, Exported(lab.cluster(), "beside", 1));
  PodVolume& volume = volumes.front();
  RETURN_IF_ERROR(StageAndPublish(volume));
  RETURN_IF_ERROR(UnpublishAndUnstage(volume));
  const auto attaches = [&](Samples& samples) -> absl::Status {
    for (int i = 0; i < kAttachesOfTurn; ++i) {
      RETURN_IF_ERROR(samples.Time([&] { return StageAndPublish(volume); }));
      RETURN_IF_ERROR(UnpublishAndUnstage(volume));
    }
    return absl::OkStatus();
  };
  Samples alone;
  Samples beside;
  for (int turn = 0; turn < kTurns; ++turn) {
    RETURN_IF_ERROR(attaches(alone));
    const StagedInVain dead(lab.cluster(), portals);
    absl::SleepFor(absl::Milliseconds(500));
    RETURN_IF_ERROR(attaches(beside));
  }
  PrintRow(absl::StrCat("attach beside a volume whose portals ", what, " / alone"), alone, beside,
           "1.10");
  return Withdraw(absl::MakeSpan(volumes));
}

}  // namespace

absl::Status MeasureDeadPortals(Lab& lab) {
  std::cout << absl::StreamFormat(
      "\n| dead portals, %d or %d attaches each | good ms: median (p99) | bad ms: median (p99) | "
      "bad / good | goal |\n|---|---|---|---|---|\n",
      kPairs, kTurns * kAttachesOfTurn);
  for (int portal = 0; portal < Network::kLinks; ++portal) {
    RETURN_IF_ERROR(OneOfTwoDark(lab, portal));
  }
  // The kernel would wait ten seconds for each, and let nobody else connect.
  ASSIGN_OR_RETURN(const auto silent, Liar::Start(kLiarPort, testing::Lie::kSilent));
  RETURN_IF_ERROR(BesideDeadVolume(lab, "take connections and are silent",
                                   absl::StrCat(Network::PortalAddress(0), ":", kLiarPort, ",",
                                                Network::PortalAddress(1), ":", kLiarPort)));
  // Nobody has these addresses.
  return BesideDeadVolume(lab, "do not answer at all", "10.77.0.99:4420,10.77.1.99:4420");
}

}  // namespace nvmeof::bench
