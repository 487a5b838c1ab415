// demo: the life of a volume, told step by step, by the three real processes on a real kernel. Exit
// code 1 as soon as anything differs from what it promises.
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/status_macros.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"
#include "tests/vm/lab.h"
#include "tests/vm/pod_volume.h"
#include "tests/vm/writer.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

absl::Status Expect(bool truth, absl::string_view what) {
  return truth ? absl::OkStatus() : absl::InternalError(absl::StrCat("expected: ", what));
}

// One volume's story. Each step proves what its title says, and may show what can be seen of it.
class Story {
 public:
  Story(Lab& lab, VolumeKind kind)
      : lab_(lab),
        kind_(kind),
        volume_(lab.cluster(), {.name = "pvc-demo", .kind = kind, .parameters = Lab::AllPaths()}) {}

  absl::Status Tell() {
    std::cout << "\nThe life of a volume: " << (kind_ == VolumeKind::kBlock ? "raw block" : "ext4")
              << "\n";
    for (const auto& [title, step] : kSteps) {
      const absl::Time start = base::MonotonicClock().Now();
      const absl::Status status = (this->*step)();
      std::cout << absl::StreamFormat(
          "%7.2f s  %s\n", absl::ToDoubleSeconds(base::MonotonicClock().Now() - start), title);
      for (const std::string& line : seen_) std::cout << "             " << line << "\n";
      seen_.clear();
      RETURN_IF_ERROR(base::Annotate(status, title));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Create() {
    RETURN_IF_ERROR(volume_.Create());
    seen_ = {absl::StrCat("volume ", volume_.id())};
    return Expect(volume_.bytes() == kGiB, "1 GiB");
  }
  absl::Status ControllerPublish() { return volume_.ControllerPublish(); }
  absl::Status Stage() { return volume_.Stage(); }
  absl::Status Publish() { return volume_.Publish(); }

  absl::Status AllPaths() { return AwaitPaths(4); }

  absl::Status Write() {
    writer_.emplace(volume_.data_path(), 2 << 20);
    writer_->Start();
    return Expect(writer_->WaitFor(100, kPatience), "100 blocks are written");
  }

  absl::Status LosePortal() {
    writer_->ResetGap();
    RETURN_IF_ERROR(lab_.network().Refuse(0));
    RETURN_IF_ERROR(Expect(writer_->WaitFor(200, kPatience), "200 more blocks are written"));
    const std::int64_t pause = absl::ToInt64Milliseconds(writer_->longest_gap());
    const absl::Status paths = AwaitPaths(2);
    seen_.push_back(absl::StrCat("longest pause between two writes: ", pause, " ms"));
    return paths;
  }

  absl::Status Heal() {
    RETURN_IF_ERROR(lab_.network().Heal());
    return AwaitPaths(4);
  }

  absl::Status Grow() {
    RETURN_IF_ERROR(volume_.Expand(2 * kGiB));
    ASSIGN_OR_RETURN(const auto stats, volume_.Stats());
    seen_ = {absl::StrCat("the workload sees ", stats.usage(0).total() >> 20, " MiB")};
    return Expect(stats.usage(0).total() > kGiB * 3 / 2, "the growth is seen");
  }

  absl::Status TakeAway() {
    RETURN_IF_ERROR(writer_->Stop());
    RETURN_IF_ERROR(volume_.Detach());
    return Expect(KernelPaths().empty(), "no path is left");
  }

  absl::Status BringBack() { return volume_.Attach(); }

  absl::Status Verify() {
    ASSIGN_OR_RETURN(const std::uint64_t checksum, writer_->Verify(volume_.data_path()));
    seen_ = {absl::StrFormat("%d writes, checksum %016x", writer_->written(), checksum)};
    return absl::OkStatus();
  }

  absl::Status Delete() {
    RETURN_IF_ERROR(volume_.Detach());
    return volume_.Delete();
  }

  absl::Status LookForLeftovers() {
    seen_ = lab_.Leftovers();
    const bool nothing = seen_.empty();
    if (nothing) seen_ = {"left: nothing"};
    return Expect(nothing, "nothing is left");
  }

  absl::Status AwaitPaths(int count) {
    const bool reached = Eventually(kPatience, [&] { return CountLive(volume_.nqn()) == count; });
    seen_ = DescribePaths(volume_.nqn());
    return Expect(reached, absl::StrCat(count, " live paths"));
  }

  struct Step {
    absl::string_view title;
    absl::Status (Story::*act)();
  };
  static const std::vector<Step> kSteps;

  Lab& lab_;
  const VolumeKind kind_;
  PodVolume volume_;
  std::optional<Writer> writer_;
  std::vector<std::string> seen_;  // of the step that is being told
};

const std::vector<Story::Step> Story::kSteps = {
    {"create a volume of 1 GiB", &Story::Create},
    {"let this node in", &Story::ControllerPublish},
    {"stage it: connect, identify; ext4: format what is blank, mount", &Story::Stage},
    {"publish it to a workload", &Story::Publish},
    {"2 portals x 2 host addresses are 4 paths", &Story::AllPaths},
    {"the workload writes, and goes on writing", &Story::Write},
    {"one portal dies; the workload goes on", &Story::LosePortal},
    {"the portal is healed; its paths come back", &Story::Heal},
    {"grow to 2 GiB under the workload", &Story::Grow},
    {"the workload ends; take the volume away from the node", &Story::TakeAway},
    {"bring it back", &Story::BringBack},
    {"read every block that was written", &Story::Verify},
    {"take it away and delete it", &Story::Delete},
    {"look for controllers, subsystems, mounts, exports, files, records", &Story::LookForLeftovers},
};

absl::Status Tell() {
  const absl::Time start = base::MonotonicClock().Now();
  ASSIGN_OR_RETURN(const std::unique_ptr<Lab> lab, Lab::Start("demo"));
  std::cout << absl::StreamFormat("%7.2f s  start nvmeof-csi target, controller and node\n",
                                  absl::ToDoubleSeconds(base::MonotonicClock().Now() - start));
  absl::Status status = Story(*lab, VolumeKind::kExt4).Tell();
  if (status.ok()) status = Story(*lab, VolumeKind::kBlock).Tell();
  if (!status.ok()) std::cout << lab->LastWords();
  return status;
}

}  // namespace
}  // namespace nvmeof::testing

int main() {
  const nvmeof::base::MonotonicClock clock;
  const absl::Time start = clock.Now();
  const absl::Status status = nvmeof::testing::Tell();
  std::cout << (status.ok() ? "\nAll as promised, in " : "\nNOT AS PROMISED, after ")
            << absl::StreamFormat("%.0f s\n", absl::ToDoubleSeconds(clock.Now() - start));
  if (!status.ok()) std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
