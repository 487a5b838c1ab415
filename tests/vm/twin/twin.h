// Twin: one history on the simulated kernel and on the real one, side by side, so that what the
// simulation proves is true of machines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "tests/vm/lab.h"
#include "tests/vm/twin/player.h"
#include "tests/vm/twin/real_machine.h"
#include "tests/vm/twin/simulated_machine.h"

namespace nvmeof::testing {

// One thread at a time. Borrows the lab.
class Twin {
 public:
  // With these volumes on the lab's two portals. The folders of their paths are made.
  static absl::StatusOr<std::unique_ptr<Twin>> Create(Lab& lab,
                                                      const std::vector<SimVolume>& volumes);

  // Plays each step on both. After each, the real machine must come to the state that the
  // simulation foretold; the first difference ends the history, and is shown with all before it.
  ::testing::AssertionResult Play(const std::vector<std::string>& history);

  SimulatedMachine& simulated_machine() { return simulated_machine_; }

 private:
  Twin(const MachinePlan& plan, std::unique_ptr<RealMachine> machine);
  ::testing::AssertionResult PlayOne(const std::string& step);
  ::testing::AssertionResult Difference(const std::string& what) const;

  SimulatedMachine simulated_machine_;
  const std::unique_ptr<RealMachine> real_machine_;
  Player simulated_{simulated_machine_};
  Player real_{*real_machine_};
  std::vector<std::string> past_;
};

}  // namespace nvmeof::testing
