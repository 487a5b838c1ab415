#include <algorithm>
#include <iostream>
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
#include "bench/faults/measures.h"
#include "tests/vm/kernel.h"

namespace nvmeof::bench {
namespace {

using testing::Lab;

constexpr int kMany = 200;
constexpr int kAtOnce = 50;  // the node plugin has 64 workers for calls
constexpr int kStormRounds = 3;
constexpr int kAttaches = 20;
constexpr absl::Duration kWatched = absl::Seconds(60);  // six looks of the reconciler

constexpr absl::Duration kTwoLooks = absl::Seconds(25);

// One volume, attached again and again by the bare kernel and by the driver in turns.
struct Attaches {
  Samples bare;
  Samples driver;
};

class Crowd {
 public:
  Crowd(Lab& lab, BareHost bare) : lab_(lab), bare_(std::move(bare)) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(std::vector<PodVolume> others, Exported(lab_.cluster(), "other", kMany));
    ASSIGN_OR_RETURN(std::vector<PodVolume> one, Exported(lab_.cluster(), "one", 1));
    std::cout
        << "\n| many volumes | base ms: median (p99) | driver ms: median (p99) | ratio | goal "
           "|\n|---|---|---|---|---|\n";
    RETURN_IF_ERROR(Storm(bare_, absl::MakeSpan(others).first(kAtOnce), kStormRounds, "1.10"));

    Attaches alone;
    Attaches among;
    RETURN_IF_ERROR(AttachAgainAndAgain(one.front(), alone));
    RETURN_IF_ERROR(InPortions(absl::MakeSpan(others), StageAndPublish));
    RETURN_IF_ERROR(AttachAgainAndAgain(one.front(), among));
    RETURN_IF_ERROR(Watch(kMany));
    RETURN_IF_ERROR(MemoryAfterRestart());
    RETURN_IF_ERROR(InPortions(absl::MakeSpan(others), UnpublishAndUnstage));
    // Before and after: what else changed with time falls out.
    RETURN_IF_ERROR(AttachAgainAndAgain(one.front(), alone));
    const std::string what = absl::StrCat(kMany, " attached / at 0");
    PrintRow(absl::StrCat("attach at ", what), alone.driver, among.driver, "1.10");
    PrintRow(absl::StrCat("the same by the bare kernel at ", what), alone.bare, among.bare, "");
    RETURN_IF_ERROR(Watch(0));
    std::cout << "\n" << rest_;
    RETURN_IF_ERROR(Withdraw(absl::MakeSpan(one)));
    return Withdraw(absl::MakeSpan(others));
  }

 private:
  absl::Status AttachAgainAndAgain(PodVolume& volume, Attaches& attaches) {
    volume::Path path;
    path.portal.address = testing::Network::PortalAddress(0);
    for (int i = 0; i < kAttaches; ++i) {
      RETURN_IF_ERROR(
          attaches.bare.Time([&] { return bare_.Attach(volume.nqn(), {path}).status(); }));
      RETURN_IF_ERROR(bare_.Detach());
      RETURN_IF_ERROR(attaches.driver.Time([&] { return StageAndPublish(volume); }));
      RETURN_IF_ERROR(UnpublishAndUnstage(volume));
    }
    return absl::OkStatus();
  }

  static absl::Status InPortions(absl::Span<PodVolume> volumes,
                                 const std::function<absl::Status(PodVolume&)>& step) {
    for (std::size_t begin = 0; begin < volumes.size(); begin += kAtOnce) {
      RETURN_IF_ERROR(AtOnce(volumes.subspan(begin, kAtOnce), step));
    }
    return absl::OkStatus();
  }

  // The node plugin, while nobody calls and nothing is wrong.
  absl::Status Watch(int volumes) {
    const pid_t node = lab_.node().pid();
    ASSIGN_OR_RETURN(ForkCounter forks, ForkCounter::Watch(node));
    // A connection made anew has another controller.
    const std::vector<testing::KernelPath> before = testing::KernelPaths();
    const absl::Duration cpu_before = CpuTime(node);
    absl::SleepFor(kWatched);
    const absl::Duration cpu = CpuTime(node) - cpu_before;
    const std::vector<testing::KernelPath> after = testing::KernelPaths();
    const auto connects = std::count_if(after.begin(), after.end(), [&](const auto& path) {
      return std::find(before.begin(), before.end(), path) == before.end();
    });
    absl::StrAppendFormat(
        &rest_,
        "Node plugin with %d volumes for %s: CPU %s ms, **%.2f %%** of one core (goal 1 %%), "
        "connects %d, processes started %d, RSS %.1f MiB\n",
        volumes, absl::FormatDuration(kWatched), Milliseconds(cpu),
        100 * absl::FDivDuration(cpu, kWatched), connects, forks.Count(), Mebibytes(node));
    return absl::OkStatus();
  }

  // What the volumes take, without what the calls that attached them left behind.
  absl::Status MemoryAfterRestart() {
    ASSIGN_OR_RETURN(const int code, lab_.node().Stop(absl::Seconds(10)));
    if (code != 0) return absl::InternalError(absl::StrCat("node ended with ", code));
    RETURN_IF_ERROR(lab_.StartNode());
    absl::SleepFor(kTwoLooks);
    absl::StrAppendFormat(&rest_, "Started anew with %d volumes, after two looks: RSS %.1f MiB\n",
                          kMany, Mebibytes(lab_.node().pid()));
    return absl::OkStatus();
  }

  static double Mebibytes(pid_t pid) { return static_cast<double>(ResidentKib(pid)) / 1024; }

  Lab& lab_;
  BareHost bare_;
  std::string rest_;
};

}  // namespace

absl::Status MeasureCrowd(Lab& lab) {
  ASSIGN_OR_RETURN(BareHost bare, BareHost::Open(Lab::host_nqn(), Lab::host_id()));
  return Crowd(lab, std::move(bare)).Run();
}

}  // namespace nvmeof::bench
