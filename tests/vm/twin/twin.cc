#include "tests/vm/twin/twin.h"

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

#include "base/clock.h"
#include "base/status_macros.h"
#include "tests/vm/eventually.h"

namespace nvmeof::testing {
namespace {

using Lines = std::vector<std::string>;

// The slowest thing that a history waits for: a silent path is found lost, or connects again.
// Between the looks that must both show the state: a change under way is seen by the second.
constexpr absl::Duration kPause = absl::Milliseconds(100);
// For the simulated kernel to do what it has begun.
constexpr absl::Duration kMoment = absl::Seconds(1);

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string Compare(const Lines& simulated, const Lines& real) {
  std::string text;
  for (std::size_t i = 0; i < simulated.size(); ++i) {
    if (simulated[i] == real[i]) {
      absl::StrAppend(&text, "\n    ", real[i]);
    } else {
      absl::StrAppend(&text, "\n  - ", simulated[i], "\n  + ", real[i]);
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Twin>> Twin::Create(Lab& lab,
                                                   const std::vector<SimVolume>& volumes) {
  MachinePlan plan;
  plan.volumes = volumes;
  for (int portal = 0; portal < Network::kLinks; ++portal) {
    plan.portals.push_back({"tcp", Network::PortalAddress(portal), "4420"});
  }
  for (const SimVolume& volume : volumes) {
    plan.folders.push_back(ParentOf(volume.staging_path));
    for (const SimPublication& target : volume.targets) {
      plan.folders.push_back(ParentOf(target.path));
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<RealMachine> machine, RealMachine::Create(lab, plan));
  return std::unique_ptr<Twin>(new Twin(plan, std::move(machine)));
}

Twin::Twin(const MachinePlan& plan, std::unique_ptr<RealMachine> machine)
    : simulated_machine_(plan), real_machine_(std::move(machine)) {}

::testing::AssertionResult Twin::Play(const std::vector<std::string>& history) {
  for (const std::string& step : history) {
    const absl::Time began = base::MonotonicClock().Now();
    if (const auto played = PlayOne(step); !played) return played;
    const double seconds = absl::ToDoubleSeconds(base::MonotonicClock().Now() - began);
    std::cout << absl::StrFormat("%3d  %6.2f s  %s", past_.size(), seconds, past_.back())
              << std::endl;
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult Twin::PlayOne(const std::string& step) {
  const auto foretold = simulated_.Play(step);
  if (!foretold.ok()) return Difference(absl::StrCat(step, ": ", foretold.status().ToString()));
  simulated_machine_.Leap(kMoment);
  const auto answered = real_.Play(step);
  if (!answered.ok()) return Difference(absl::StrCat(step, ": ", answered.status().ToString()));
  past_.push_back(absl::StrCat(step, ": ", absl::StatusCodeToString(answered->status.code())));
  if (!simulated_machine_.violation().empty()) return Difference(simulated_machine_.violation());
  if (foretold->status.code() != answered->status.code()) {
    return Difference(absl::StrCat("answers\n  - ", foretold->status.ToString(), "\n  + ",
                                   answered->status.ToString()));
  }
  const Lines simulated = simulated_.Look();
  Lines real;
  const bool same = Eventually(kPatience, [&] {
    real = real_.Look();
    if (real != simulated) return false;
    absl::SleepFor(kPause);
    real = real_.Look();
    return real == simulated;
  });
  return same ? ::testing::AssertionSuccess() : Difference(Compare(simulated, real));
}

::testing::AssertionResult Twin::Difference(const std::string& what) const {
  return ::testing::AssertionFailure()
         << "the simulated kernel (-) and the real one (+) differ after step " << past_.size()
         << ": " << what << "\nthe history so far:\n  " << absl::StrJoin(past_, "\n  ");
}

}  // namespace nvmeof::testing
