// attach_bench: what the driver adds to the kernel's own time, measured in one guest in one run,
// the bare kernel and the driver taking turns. Prints the tables of docs/BENCHMARKS.md.
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "base/status_macros.h"
#include "bench/attach/bare_host.h"
#include "bench/attach/fork_counter.h"
#include "bench/attach/process_facts.h"
#include "bench/attach/samples.h"
#include "bench/attach/steps.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab.h"
#include "tests/vm/pod_volume.h"

namespace nvmeof::bench {
namespace {

using testing::CallRpc;
using testing::Lab;
using testing::Network;
using testing::VolumeKind;

constexpr int kCycles = 40;
constexpr int kStormVolumes = 10;
constexpr int kStormRounds = 30;
constexpr int kManyVolumes = 50;

std::vector<volume::Path> Paths(int count) {
  std::vector<volume::Path> paths;
  for (int portal = 0; portal < Network::kLinks; ++portal) {
    for (int side = 0; side < (count == 4 ? 2 : 1); ++side) {
      if (static_cast<int>(paths.size()) == count) return paths;
      volume::Path path;
      path.portal.address = Network::PortalAddress(portal);
      if (count == 4) path.host.address = Network::HostAddress(side);
      paths.push_back(path);
    }
  }
  return paths;
}

// Stage answers when all paths are live, as the bare program's attach does.
std::map<std::string, std::string> Parameters(int paths) {
  std::map<std::string, std::string> parameters =
      paths == 4 ? Lab::AllPaths() : std::map<std::string, std::string>{};
  parameters["minPaths"] = absl::StrCat(paths);
  parameters["maxPaths"] = absl::StrCat(paths);
  return parameters;
}

// Bare kernel and driver side by side, for one direction.
struct Comparison {
  Samples bare;
  Samples driver;

  void Print(const std::string& title, const std::string& goal, const Samples& probes) const {
    const absl::Duration floor = bare.median() + 2 * probes.median();
    std::cout << absl::StreamFormat("| %s | %s (%s) | %s (%s) | **%.2f** | %s |\n", title,
                                    Milliseconds(bare.median()), Milliseconds(bare.p99()),
                                    Milliseconds(driver.median()), Milliseconds(driver.p99()),
                                    absl::FDivDuration(driver.median(), floor), goal);
  }
};

class Benchmark {
 public:
  Benchmark(Lab& lab, BareHost bare) : lab_(lab), bare_(std::move(bare)) {}

  absl::Status Run() {
    RETURN_IF_ERROR(Starts());
    Memory("idle");
    std::cout << absl::StreamFormat(
        "\n| attach and detach, %d cycles | bare kernel ms: median (p99) | driver ms: median (p99) "
        "| driver / (bare + 2 Probe) | goal |\n|---|---|---|---|---|\n",
        kCycles);
    for (const int paths : {1, 2, 4}) RETURN_IF_ERROR(Cycles(VolumeKind::kBlock, paths));
    RETURN_IF_ERROR(Cycles(VolumeKind::kExt4, 1));
    RETURN_IF_ERROR(StormOfTen());
    std::cout << "\n" << cost_;
    RETURN_IF_ERROR(Many());
    std::cout << "\n| memory, RSS in MiB | target | controller | node |\n|---|---|---|---|\n"
              << memory_;
    std::cout << absl::StreamFormat(
        "\nBinary: %.1f MiB\n",
        static_cast<double>(std::filesystem::file_size(NVMEOF_PROGRAM)) / (1 << 20));
    return absl::OkStatus();
  }

 private:
  PodVolume Volume(const std::string& name, VolumeKind kind, int paths) {
    return {lab_.cluster(),
            {.name = name, .kind = kind, .bytes = kVolumeBytes, .parameters = Parameters(paths)}};
  }

  absl::Status Starts() {
    Samples samples;
    for (int cycle = 0; cycle < kCycles; ++cycle) {
      ASSIGN_OR_RETURN(const int code, lab_.node().Stop(absl::Seconds(10)));
      if (code != 0) return absl::InternalError(absl::StrCat("node ended with ", code));
      RETURN_IF_ERROR(samples.Time([&] { return lab_.StartNode(); }));
    }
    std::cout << absl::StreamFormat(
        "Start of the node plugin until its socket answers a Probe, %d starts: median %s ms, p99 "
        "%s "
        "ms\n",
        kCycles, Milliseconds(samples.median()), Milliseconds(samples.p99()));
    return absl::OkStatus();
  }

  absl::Status Probe() {
    return CallRpc(lab_.node_client().identity(), &csi::v1::Identity::Stub::Probe,
                   csi::v1::ProbeRequest())
        .status();
  }

  // The kernel's part alone; with a file system also its mount(2) and umount(2).
  absl::Status BareCycle(const std::string& nqn, VolumeKind kind, int paths, Comparison& attach,
                         Comparison& detach) {
    const std::string folder = lab_.Folder("bare");
    RETURN_IF_ERROR(attach.bare.Time([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string disk, bare_.Attach(nqn, Paths(paths)));
      if (kind == VolumeKind::kBlock) return absl::OkStatus();
      ::mkdir(folder.c_str(), 0700);
      return ::mount(disk.c_str(), folder.c_str(), "ext4", 0, nullptr) == 0
                 ? absl::OkStatus()
                 : absl::InternalError("mount");
    }));
    return detach.bare.Time([&] {
      if (kind != VolumeKind::kBlock) ::umount2(folder.c_str(), 0);
      return bare_.Detach();
    });
  }

  static absl::Status DriverCycle(PodVolume& volume, Comparison& attach, Comparison& detach) {
    RETURN_IF_ERROR(attach.driver.Time([&] { return StageAndPublish(volume); }));
    return detach.driver.Time([&] { return UnpublishAndUnstage(volume); });
  }

  absl::Status Cycles(VolumeKind kind, int paths) {
    const std::string what = absl::StrCat(kind == VolumeKind::kBlock ? "raw block" : "ext4", ", ",
                                          paths, paths == 1 ? " path" : " paths");
    PodVolume volume = Volume("bench", kind, paths);
    RETURN_IF_ERROR(volume.Create());
    RETURN_IF_ERROR(volume.ControllerPublish());
    Comparison attach;
    Comparison detach;
    Comparison warm_up;  // formats, and fills the caches of both
    RETURN_IF_ERROR(DriverCycle(volume, warm_up, warm_up));
    RETURN_IF_ERROR(BareCycle(volume.nqn(), kind, paths, warm_up, warm_up));

    ASSIGN_OR_RETURN(ForkCounter forks, ForkCounter::Watch(lab_.node().pid()));
    absl::Duration driver_cpu;
    absl::Duration bare_cpu;
    Samples probes;
    for (int cycle = 0; cycle < kCycles; ++cycle) {
      absl::Duration before = ThreadCpuTime();
      RETURN_IF_ERROR(BareCycle(volume.nqn(), kind, paths, attach, detach));
      bare_cpu += ThreadCpuTime() - before;
      RETURN_IF_ERROR(probes.Time([&] { return Probe(); }));
      before = CpuTime(lab_.node().pid());
      RETURN_IF_ERROR(DriverCycle(volume, attach, detach));
      driver_cpu += CpuTime(lab_.node().pid()) - before;
    }
    attach.Print(absl::StrCat("attach: ", what), "1.10", probes);
    detach.Print(absl::StrCat("detach: ", what), "1.10", probes);
    absl::StrAppendFormat(
        &cost_,
        "%s: CPU per attach and detach %s ms, bare program %s ms, ratio **%.2f** "
        "(goal 1.5); processes started per cycle %.1f\n",
        what, Milliseconds(driver_cpu / kCycles), Milliseconds(bare_cpu / kCycles),
        absl::FDivDuration(driver_cpu, bare_cpu), static_cast<double>(forks.Count()) / kCycles);
    RETURN_IF_ERROR(volume.ControllerUnpublish());
    return volume.Delete();
  }

  absl::Status StormOfTen() {
    ASSIGN_OR_RETURN(std::vector<PodVolume> volumes,
                     Exported(lab_.cluster(), "bench", kStormVolumes));
    RETURN_IF_ERROR(Storm(bare_, absl::MakeSpan(volumes), kStormRounds, "1.00"));
    return Withdraw(absl::MakeSpan(volumes));
  }

  absl::Status Many() {
    ASSIGN_OR_RETURN(std::vector<PodVolume> volumes,
                     Exported(lab_.cluster(), "bench", kManyVolumes));
    for (PodVolume& volume : volumes) RETURN_IF_ERROR(StageAndPublish(volume));
    Memory(absl::StrCat("with ", kManyVolumes, " volumes"));
    ASSIGN_OR_RETURN(ForkCounter forks, ForkCounter::Watch(lab_.node().pid()));
    absl::SleepFor(absl::Seconds(30));
    absl::StrAppendFormat(&memory_, "\nProcesses started in 30 s with %d volumes attached: %d\n",
                          kManyVolumes, forks.Count());
    for (PodVolume& volume : volumes) RETURN_IF_ERROR(UnpublishAndUnstage(volume));
    return Withdraw(absl::MakeSpan(volumes));
  }

  void Memory(const std::string& when) {
    const auto mib = [](pid_t pid) { return static_cast<double>(ResidentKib(pid)) / 1024; };
    absl::StrAppendFormat(&memory_, "| %s | %.1f | %.1f | %.1f |\n", when, mib(lab_.target().pid()),
                          mib(lab_.controller().pid()), mib(lab_.node().pid()));
  }

  Lab& lab_;
  BareHost bare_;
  std::string cost_;
  std::string memory_;
};

absl::Status RunAll() {
  ASSIGN_OR_RETURN(const std::unique_ptr<Lab> lab, Lab::Start("bench"));
  ASSIGN_OR_RETURN(BareHost bare, BareHost::Open(Lab::host_nqn(), Lab::host_id()));
  const absl::Status status = Benchmark(*lab, std::move(bare)).Run();
  if (!status.ok()) std::cout << lab->LastWords();
  return status;
}

}  // namespace
}  // namespace nvmeof::bench

int main() {
  std::cout << std::unitbuf;  // each row when it is known
  const absl::Status status = nvmeof::bench::RunAll();
  if (!status.ok()) std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
