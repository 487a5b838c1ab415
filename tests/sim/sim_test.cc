// Runs histories of the node half; see simulation.h.
//
//   sim_test [--histories N] [--seed N] [--failures N] [--verbose]
//
// --seed alone replays one history; with --histories it is the first of many. --verbose tells each,
// with the log of the node half. SIM_HISTORIES and SIM_SEED in the environment mean the same. A
// history that fails is cut as short as it still fails, and told; it stops after that many.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/log.h"
#include "tests/sim/simulation.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Switches {
  std::uint64_t seed = 1;
  int histories = 500;
  int failures = 3;
  bool verbose = false;
};

Switches& TheSwitches() {
  static Switches switches;
  return switches;
}

SimOptions Options(std::uint64_t seed, int most_steps = 1000) {
  SimOptions options;
  options.seed = seed;
  options.most_steps = most_steps;
  return options;
}

SimResult Tell(std::uint64_t seed, int most_steps = 1000) {
  SimOptions options = Options(seed, most_steps);
  options.tell = true;
  return Simulation(options).Run();
}

// The same history, cut as early as it still fails.
SimResult Shortest(std::uint64_t seed, int steps) {
  for (int fewer = 0; fewer < steps; ++fewer) {
    SimResult result = Tell(seed, fewer);
    if (!result.violation.empty()) return result;
  }
  return Tell(seed, steps);
}

std::string Story(const SimResult& result) { return absl::StrJoin(result.story, "\n"); }

TEST(SimTest, EveryHistoryKeepsThePromises) {
  const Switches& switches = TheSwitches();
  std::map<std::string, std::int64_t> happened;
  std::int64_t steps = 0;
  const auto began = std::chrono::steady_clock::now();
  int failures = 0;
  int done = 0;
  for (; done < switches.histories && failures < switches.failures; ++done) {
    const std::uint64_t seed = switches.seed + static_cast<std::uint64_t>(done);
    const SimResult result = switches.verbose ? Tell(seed) : Simulation(Options(seed)).Run();
    steps += result.steps;
    for (const auto& [kind, count] : result.happened) happened[kind] += count;
    if (switches.verbose) std::puts(Story(result).c_str());
    if (result.violation.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << ": " << result.violation << "\n"
                  << Story(Shortest(seed, result.steps));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::string kinds = absl::StrJoin(happened, ", ", [](std::string* out, const auto& each) {
    absl::StrAppend(out, each.second, " ", each.first);
  });
  std::printf("simulation: %d histories, %lld steps, %.1f seconds; %s\n", done,
              static_cast<long long>(steps), seconds, kinds.c_str());
}

TEST(SimTest, ASeedIsOneHistory) {
  const SimResult first = Tell(7);
  EXPECT_GT(first.story.size(), 20U);
  EXPECT_EQ(Tell(7).story, first.story);
  EXPECT_NE(Tell(8).story, first.story);
}

// The first violation among some histories of a broken world; empty if none was noticed.
std::string Noticed(const std::function<void(SimWorld&)>& breakage) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SimOptions options = Options(seed);
    options.breakage = breakage;
    SimResult result = Simulation(options).Run();
    if (!result.violation.empty()) return result.violation;
  }
  return "";
}

TEST(SimTest, NoticesAKernelThatDisconnectsNothing) {
  EXPECT_THAT(Noticed([](SimWorld& world) { world.flaw = SimFlaw::kKeepsControllers; }),
              Not(IsEmpty()));
}

TEST(SimTest, NoticesAMountOfAnotherDisk) {
  EXPECT_THAT(Noticed([](SimWorld& world) { world.flaw = SimFlaw::kMountsAnotherDisk; }),
              HasSubstr("wrong disk"));
}

TEST(SimTest, NoticesAnUnmountThatDoesNothing) {
  EXPECT_THAT(Noticed([](SimWorld& world) { world.flaw = SimFlaw::kKeepsMounts; }), Not(IsEmpty()));
}

TEST(SimTest, NoticesRecordsThatAreLost) {
  EXPECT_THAT(Noticed([](SimWorld& world) { world.flaw = SimFlaw::kForgetsRecords; }),
              Not(IsEmpty()));
}

}  // namespace
}  // namespace nvmeof::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  auto& switches = nvmeof::testing::TheSwitches();
  const auto number = [](absl::string_view text, auto& into) {
    if (!absl::SimpleAtoi(text, &into)) std::fprintf(stderr, "not a number\n");
  };
  if (const char* histories = std::getenv("SIM_HISTORIES"); histories != nullptr) {
    number(histories, switches.histories);
  }
  if (const char* seed = std::getenv("SIM_SEED"); seed != nullptr) number(seed, switches.seed);
  bool many = false;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view arg = argv[i];
    const absl::string_view next = i + 1 < argc ? argv[i + 1] : "";
    if (arg == "--verbose") switches.verbose = true;
    if (arg == "--failures") number(next, switches.failures);
    if (arg == "--histories") {
      number(next, switches.histories);
      many = true;
    }
    if (arg == "--seed") {
      number(next, switches.seed);
      if (!many) switches.histories = 1;
    }
  }
  nvmeof::base::StartLog(
      switches.verbose ? nvmeof::base::Level::kInfo : nvmeof::base::Level::kError,
      nvmeof::base::LogFormat::kText);
  return RUN_ALL_TESTS();
}
