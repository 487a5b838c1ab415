// Many volumes at once, one bad among many good, and one volume very often.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"
#include "bench/attach/process_facts.h"
#include "tests/vm/faults/fault_fixture.h"
#include "tests/vm/kernel.h"
#include "tests/vm/leftovers.h"
#include "tests/vm/liar.h"

namespace nvmeof::testing {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;

std::int64_t Entries(const std::string& folder) {
  std::error_code error;
  return std::distance(std::filesystem::directory_iterator(folder, error),
                       std::filesystem::directory_iterator());
}

// What a process that leaks has more and more of.
struct Belongings {
  std::int64_t fds = 0;
  std::int64_t threads = 0;
  std::int64_t resident_kib = 0;

  static Belongings Of(pid_t pid) {
    return {Entries(absl::StrCat("/proc/", pid, "/fd")),
            Entries(absl::StrCat("/proc/", pid, "/task")), bench::ResidentKib(pid)};
  }
  friend std::ostream& operator<<(std::ostream& out, const Belongings& b) {
    return out << b.fds << " fds, " << b.threads << " threads, " << b.resident_kib << " KiB";
  }
};

class Crowd : public FaultTest {
 protected:
  std::vector<PodVolume> NewVolumes(int count) {
    std::vector<PodVolume> volumes;
    for (int i = 0; i < count; ++i) {
      volumes.push_back(NewVolume(VolumeKind::kBlock, {}, absl::StrCat("pvc-", i)));
    }
    return volumes;
  }

  // Each volume in a thread of its own.
  static std::vector<absl::Status> Together(std::vector<PodVolume>& volumes,
                                            const std::function<absl::Status(PodVolume&)>& step) {
    std::vector<absl::Status> results(volumes.size());
    std::vector<std::thread> threads;
    const absl::Time start = base::MonotonicClock().Now();
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = step(volumes[i]); });
    }
    for (std::thread& thread : threads) thread.join();
    std::cout << volumes.size() << " at once in "
              << absl::ToInt64Milliseconds(base::MonotonicClock().Now() - start) << " ms\n";
    return results;
  }

  // Controller and agent may have enough to do with others.
  static absl::Status Provide(PodVolume& volume) {
    return Patiently([&] {
      const absl::Status made = volume.Create();
      return made.ok() ? volume.ControllerPublish() : made;
    });
  }
  static absl::Status Withdraw(PodVolume& volume) {
    return Patiently([&] {
      const absl::Status unpublished = volume.ControllerUnpublish();
      return unpublished.ok() ? volume.Delete() : unpublished;
    });
  }

  // Median of staging one after the other; they are unstaged again.
  static absl::Duration MedianStage(std::vector<PodVolume>& volumes) {
    std::vector<absl::Duration> took;
    for (PodVolume& volume : volumes) {
      const absl::Time start = base::MonotonicClock().Now();
      EXPECT_OK(volume.Stage());
      took.push_back(base::MonotonicClock().Now() - start);
    }
    EXPECT_THAT(Together(volumes, [](PodVolume& volume) { return volume.Unstage(); }),
                Each(IsOk()));
    std::sort(took.begin(), took.end());
    std::cout << "staged one after the other: median " << took[took.size() / 2] << ", longest "
              << took.back() << "\n";
    return took[took.size() / 2];
  }
};

TEST_F(Crowd, VolumeWithOnlyDeadPortalsDelaysNoOther) {
  constexpr int kVolumes = 19;
  constexpr int kPort = 4499;
  std::vector<PodVolume> volumes = NewVolumes(kVolumes);
  ASSERT_THAT(Together(volumes, Provide), Each(IsOk()));
  const absl::Duration alone = MedianStage(volumes);

  // The kernel would wait ten seconds for each of its portals, and let nobody else connect.
  const auto silent = Liar::Start(kPort, Lie::kSilent);
  ASSERT_OK(silent);
  const std::string portals = absl::StrCat(Network::PortalAddress(0), ":", kPort, ",",
                                           Network::PortalAddress(1), ":", kPort);
  PodVolume dead(lab().cluster(),
                 {.name = "dead", .kind = VolumeKind::kBlock, .bytes = kBytes, .parameters = {}},
                 {{"nqn", "nqn.2026-01.dev.nvmeof:dead"},
                  {"uuid", "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3a001"},
                  {"nsid", "1"},
                  {"portals", portals},
                  {"sizeBytes", absl::StrCat(kBytes)}});
  std::atomic<bool> done = false;
  int tries = 0;
  std::thread trying([&] {
    for (; !done; ++tries) EXPECT_THAT(dead.Stage(), ::testing::Not(IsOk()));
  });
  absl::SleepFor(absl::Milliseconds(500));
  const absl::Duration beside = MedianStage(volumes);
  done = true;
  trying.join();
  std::cout << "beside a dead one, staged in vain " << tries
            << " times: " << absl::FDivDuration(beside, alone) << " times as long\n";
  EXPECT_LT(beside, 3 * alone);
  EXPECT_OK(dead.Unstage());
  EXPECT_THAT(Together(volumes, Withdraw), Each(IsOk()));
}

TEST_F(Crowd, FiftyVolumesAreStagedAndUnstagedAtOnce) {
  constexpr int kVolumes = 50;
  std::vector<PodVolume> volumes = NewVolumes(kVolumes);
  ASSERT_THAT(Together(volumes, Provide), Each(IsOk()));
  EXPECT_THAT(Together(volumes, [](PodVolume& volume) { return volume.Stage(); }), Each(IsOk()));
  EXPECT_THAT(Together(volumes, [](PodVolume& volume) { return volume.Publish(); }), Each(IsOk()));
  for (const PodVolume& volume : volumes) EXPECT_TRUE(IsLive(volume, 2)) << volume.id();
  EXPECT_EQ(KernelPaths().size(), 2U * kVolumes);
  EXPECT_THAT(Together(volumes, [](PodVolume& volume) { return volume.Unpublish(); }),
              Each(IsOk()));
  EXPECT_THAT(Together(volumes, [](PodVolume& volume) { return volume.Unstage(); }), Each(IsOk()));
  EXPECT_THAT(KernelPaths(), IsEmpty());
  EXPECT_THAT(Together(volumes, Withdraw), Each(IsOk()));
}

// NVMEOF_CYCLES=10000 for a long run.
TEST_F(Crowd, ManyCyclesOfOneVolumeLeaveNothingInTheNodePlugin) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread changes the environment
  const char* const given = std::getenv("NVMEOF_CYCLES");
  const int cycles = given != nullptr ? std::atoi(given) : 30;
  constexpr int kWarm = 10;
  PodVolume volume = NewVolume(VolumeKind::kBlock);
  ASSERT_OK(volume.Create());
  ASSERT_OK(volume.ControllerPublish());
  const auto cycle = [&] {
    ASSERT_OK(volume.Stage());
    ASSERT_OK(volume.Publish());
    ASSERT_OK(volume.Unpublish());
    ASSERT_OK(volume.Unstage());
  };
  for (int i = 0; i < kWarm; ++i) ASSERT_NO_FATAL_FAILURE(cycle());
  const pid_t pid = lab().node().pid();
  const Belongings before = Belongings::Of(pid);
  const absl::Time start = base::MonotonicClock().Now();
  for (int i = 0; i < cycles; ++i) ASSERT_NO_FATAL_FAILURE(cycle()) << i;
  const absl::Duration took = base::MonotonicClock().Now() - start;
  Belongings after;
  // A thread pool may be between two sizes, a connect that came too late may end.
  EXPECT_TRUE(Eventually(kPatience, [&] {
    after = Belongings::Of(pid);
    return after.fds <= before.fds && after.threads <= before.threads;
  }));
  std::cout << cycles << " cycles in " << took << ": " << before << ", then " << after << "\n";
  EXPECT_LE(after.fds, before.fds);
  EXPECT_LE(after.threads, before.threads);
  EXPECT_LT(after.resident_kib, before.resident_kib + 2048);
  EXPECT_THAT(KernelPaths(), IsEmpty());
  EXPECT_THAT(KernelSubsystems(), IsEmpty());
  EXPECT_THAT(FilesBelow(lab().Folder("state")), IsEmpty());
  EXPECT_OK(volume.ControllerUnpublish());
  EXPECT_OK(volume.Delete());
}

}  // namespace
}  // namespace nvmeof::testing
