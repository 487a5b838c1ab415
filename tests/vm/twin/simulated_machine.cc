#include "tests/vm/twin/simulated_machine.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace nvmeof::testing {

SimulatedMachine::SimulatedMachine(const MachinePlan& plan)
    : world_(plan.volumes, {SimAgent{plan.portals}}) {
  world_.on_touch = [](const std::string&, const std::string&, const std::string&) {};
  world_.on_violation = [this](std::string what) { violation_ = std::move(what); };
  for (const std::string& folder : plan.folders) world_.mounts.AddDirectory(folder);
}

absl::Status SimulatedMachine::PortalDown(const volume::Portal& portal, Down how) {
  world_.PortalDown(portal, how == Down::kRefuses ? 0 : 1);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::PortalUp(const volume::Portal& portal) {
  world_.PortalUp(portal);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::GiveUp(const SimVolume& volume, const volume::Portal& portal) {
  return Delete(volume, portal);
}

absl::Status SimulatedMachine::Delete(const SimVolume& volume, const volume::Portal& portal) {
  const auto picture = world_.kernel.Peek(*volume.nqn);
  if (!picture.has_value()) return absl::NotFoundError(volume.nqn->text());
  for (const nvme::Controller& controller : picture->controllers) {
    if (controller.path.portal != portal) continue;
    world_.kernel.Lose(controller.name);
    world_.Settle();
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("no controller at ", portal.address));
}

absl::Status SimulatedMachine::Vanish(const SimVolume& volume) {
  world_.Vanish(volume);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::Lie(const SimVolume& volume, Notice notice) {
  world_.Lie(volume, true, notice == Notice::kGiven);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::Return(const SimVolume& volume, Notice notice) {
  world_.Return(volume, notice == Notice::kGiven);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::Grow(SimVolume& volume) {
  world_.Grow(volume, true);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::PeerConnects(const SimVolume& volume, const volume::Portal& portal) {
  return world_.PeerConnects(*volume.nqn, {portal, {}}) ? absl::OkStatus()
                                                        : absl::AlreadyExistsError(portal.address);
}

absl::Status SimulatedMachine::PeerDisconnects() {
  world_.PeerDisconnects();
  return absl::OkStatus();
}

absl::Status SimulatedMachine::KeepBusy(const std::string& path) {
  world_.mounts.SetBusy(path, true);
  busy_.insert(path);
  return absl::OkStatus();
}

absl::Status SimulatedMachine::LetGo() {
  for (const std::string& path : std::exchange(busy_, {})) world_.mounts.SetBusy(path, false);
  return absl::OkStatus();
}

}  // namespace nvmeof::testing
