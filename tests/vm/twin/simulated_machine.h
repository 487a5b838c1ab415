// SimulatedMachine: the world of tests/sim as a Machine.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/vm/twin/machine.h"

namespace nvmeof::testing {

class SimulatedMachine final : public Machine {
 public:
  explicit SimulatedMachine(const MachinePlan& plan);

  // Of what must never happen; empty while it did not.
  const std::string& violation() const { return violation_; }

  // For the test of this test.
  void Flaw(SimFlaw flaw) { world_.flaw = flaw; }

  node::NvmeHost host() override { return world_.host(); }
  mount::Mounter& mounter() override { return world_.mounter(); }
  mount::FileSystems& file_systems() override { return world_.file_systems(); }
  base::RecordFiles& record_files() override { return world_.record_files(); }
  base::RecordFiles& mark_files() override { return world_.mark_files(); }
  base::Clock& clock() override { return world_.clock; }
  base::Workers& workers() override { return workers_; }

  std::vector<SimVolume>& volumes() override { return world_.volumes; }
  const std::vector<volume::Portal>& portals() const override {
    return world_.agents.front().portals;
  }
  void Leap(absl::Duration time) override { world_.Pass(time); }
  absl::Status PortalDown(const volume::Portal& portal, Down how) override;
  absl::Status PortalUp(const volume::Portal& portal) override;
  absl::Status GiveUp(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status Delete(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status Vanish(const SimVolume& volume) override;
  absl::Status Lie(const SimVolume& volume, Notice notice) override;
  absl::Status Return(const SimVolume& volume, Notice notice) override;
  absl::Status Grow(SimVolume& volume) override;
  absl::Status PeerConnects(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status PeerDisconnects() override;
  absl::Status KeepBusy(const std::string& path) override;
  absl::Status LetGo() override;

 private:
  SimWorld world_;
  base::Workers workers_{world_.clock, 0};
  std::set<std::string> busy_;
  std::string violation_;
};

}  // namespace nvmeof::testing
