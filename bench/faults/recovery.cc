#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "bench/attach/samples.h"
#include "bench/attach/steps.h"
#include "bench/faults/measures.h"
#include "tests/vm/eventually.h"
#include "tests/vm/kernel.h"

namespace nvmeof::bench {
namespace {

using testing::Eventually;
using testing::Lab;
using testing::Network;
using testing::VolumeKind;

constexpr int kVolumesOfKind = 4;
// reconnectDelay, whose default it is, and for the volumes that are given up also ctrlLossTmo.
constexpr absl::Duration kReconnectInterval = absl::Seconds(5);
constexpr absl::Duration kPatience = absl::Minutes(2);

constexpr std::size_t kBlock = 4096;
struct alignas(kBlock) Block {
  std::array<char, kBlock> bytes{};
};

// One direct write, as a workload makes it; it waits as long as the kernel makes it wait.
absl::Status WriteOnce(const base::UniqueFd& fd) {
  const Block block;
  if (fd.ok() && ::pwrite(fd.get(), &block, kBlock, 0) == static_cast<ssize_t>(kBlock)) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, "write");
}

base::UniqueFd OpenDisk(const PodVolume& volume) {
  return base::UniqueFd(::open(volume.data_path().c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
}

// Told without opening it: the open of a node without a disk makes the kernel look for a driver,
// and meanwhile nobody can mount another one in its place.
bool LeadsToDisk(const PodVolume& volume) {
  struct stat node {};
  if (::stat(volume.data_path().c_str(), &node) != 0 || !S_ISBLK(node.st_mode)) return false;
  const std::string disk =
      absl::StrCat("/sys/dev/block/", major(node.st_rdev), ":", minor(node.st_rdev));
  return ::access(disk.c_str(), F_OK) == 0;
}

class Recovery {
 public:
  explicit Recovery(Lab& lab) : lab_(lab) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(std::vector<PodVolume> kept, Attached("kept", {}));
    ASSIGN_OR_RETURN(std::vector<PodVolume> given_up, Attached("given-up", {{"ctrlLossTmo", "5"}}));
    std::cout << absl::StreamFormat(
        "\n| all paths of %d volumes cut: from the heal to the first write | s: median (longest) | "
        "median / reconnect interval of %.0f s (longest) |\n|---|---|---|\n",
        2 * kVolumesOfKind, absl::ToDoubleSeconds(kReconnectInterval));
    // The disks of one kind are gone then; the pauses between our tries are still short, or as long
    // as they get.
    for (const absl::Duration more : {absl::Seconds(5), absl::Seconds(60)}) {
      RETURN_IF_ERROR(Outage(kept, given_up, more));
    }
    RETURN_IF_ERROR(Remove(kept));
    return Remove(given_up);
  }

 private:
  absl::StatusOr<std::vector<PodVolume>> Attached(
      const std::string& name, const std::map<std::string, std::string>& parameters) {
    std::vector<PodVolume> volumes;
    for (int i = 0; i < kVolumesOfKind; ++i) {
      volumes.push_back(PodVolume(lab_.cluster(), {.name = absl::StrCat(name, "-", i),
                                                   .kind = VolumeKind::kBlock,
                                                   .bytes = kVolumeBytes,
                                                   .parameters = parameters}));
      RETURN_IF_ERROR(volumes.back().Create());
      RETURN_IF_ERROR(volumes.back().Attach());
    }
    return volumes;
  }

  static absl::Status Remove(std::vector<PodVolume>& volumes) {
    for (PodVolume& volume : volumes) {
      RETURN_IF_ERROR(volume.Detach());
      RETURN_IF_ERROR(volume.Delete());
    }
    return absl::OkStatus();
  }

  static bool All(const std::vector<PodVolume>& volumes,
                  const std::function<bool(const PodVolume&)>& is) {
    return Eventually(kPatience, [&] { return std::all_of(volumes.begin(), volumes.end(), is); });
  }

  absl::Status Outage(const std::vector<PodVolume>& kept, const std::vector<PodVolume>& given_up,
                      absl::Duration more) {
    for (const auto* volumes : {&kept, &given_up}) {
      if (!All(*volumes, [](const PodVolume& volume) {
            return testing::CountLive(volume.nqn()) == Network::kLinks;
          })) {
        return absl::DeadlineExceededError("not all paths are live");
      }
    }
    std::vector<base::UniqueFd> open;
    open.reserve(kept.size());
    for (const PodVolume& volume : kept) open.push_back(OpenDisk(volume));
    const absl::Time cut = absl::Now();
    for (int portal = 0; portal < Network::kLinks; ++portal) {
      RETURN_IF_ERROR(lab_.network().Cut(portal));
    }
    if (!All(given_up,
             [](const PodVolume& volume) { return testing::KernelPaths(volume.nqn()).empty(); })) {
      return absl::DeadlineExceededError("the kernel does not give up");
    }
    absl::SleepFor(more);

    Samples by_kernel;
    Samples by_driver;
    RETURN_IF_ERROR(TimeWrites(open, given_up, by_kernel, by_driver));
    const std::string length =
        absl::StrFormat(", %.0f s after the cut", absl::ToDoubleSeconds(healed_ - cut));
    Print("the kernel reconnects" + length, by_kernel);
    Print("the kernel gave up, the driver repairs" + length, by_driver);
    return absl::OkStatus();
  }

  // Heals, and adds for each disk the time until it takes a write.
  absl::Status TimeWrites(const std::vector<base::UniqueFd>& open,
                          const std::vector<PodVolume>& given_up, Samples& by_kernel,
                          Samples& by_driver) {
    std::vector<absl::StatusOr<absl::Time>> written(open.size() + given_up.size(),
                                                    absl::UnknownError(""));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < written.size(); ++i) {
      threads.emplace_back([&, i] {
        absl::Status status = absl::DeadlineExceededError("the disk does not come back");
        if (i < open.size()) {
          status = WriteOnce(open[i]);
        } else {
          const PodVolume& volume = given_up[i - open.size()];
          static_cast<void>(Eventually(kPatience, [&] {
            if (!LeadsToDisk(volume)) return false;
            status = WriteOnce(OpenDisk(volume));
            return status.ok();
          }));
        }
        if (status.ok()) {
          written[i] = absl::Now();
        } else {
          written[i] = status;
        }
      });
    }
    healed_ = absl::Now();
    const absl::Status healed = lab_.network().Heal();
    for (std::thread& thread : threads) thread.join();
    RETURN_IF_ERROR(healed);
    for (std::size_t i = 0; i < written.size(); ++i) {
      RETURN_IF_ERROR(written[i].status());
      (i < open.size() ? by_kernel : by_driver).Add(*written[i] - healed_);
    }
    return absl::OkStatus();
  }

  static void Print(const std::string& title, const Samples& samples) {
    std::cout << absl::StreamFormat("| %s | %.1f (%.1f) | **%.2f** (%.2f) |\n", title,
                                    absl::ToDoubleSeconds(samples.median()),
                                    absl::ToDoubleSeconds(samples.p99()),
                                    absl::FDivDuration(samples.median(), kReconnectInterval),
                                    absl::FDivDuration(samples.p99(), kReconnectInterval));
  }

  Lab& lab_;
  absl::Time healed_;
};

}  // namespace

absl::Status MeasureRecovery(Lab& lab) { return Recovery(lab).Run(); }

}  // namespace nvmeof::bench
