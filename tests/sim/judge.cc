// What must hold in a Simulation, after each step, at rest and at the end.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "nvme/topology.h"
#include "tests/sim/simulation.h"
#include "volume/wanted_paths.h"

namespace nvmeof::testing {
namespace {

bool IsNvme(const mount::MountPoint& mount) { return mount.device.major == 259; }

}  // namespace

std::optional<int> Simulation::VolumeAt(const std::string& path) const {
  for (std::size_t v = 0; v < world_->volumes.size(); ++v) {
    const SimVolume& volume = world_->volumes[v];
    if (volume.staging_path == path) return static_cast<int>(v);
    for (const SimPublication& target : volume.targets) {
      if (target.path == path) return static_cast<int>(v);
    }
  }
  return std::nullopt;
}

void Simulation::OnTouch(const std::string& verb, const std::string& path,
                         const std::string& disk) {
  std::optional<int> volume = path.empty() ? std::nullopt : VolumeAt(path);
  if (!path.empty() && !volume.has_value()) return Violate(absl::StrCat(verb, " at ", path));
  const int caller = frames_.empty() ? -1 : frames_.back().volume;
  if (!volume.has_value() && caller >= 0) volume = caller;
  if (verb != "unmount") {
    const auto is = [&](const SimVolume& each) { return each.uuid == disk; };
    const bool right = volume.has_value()
                           ? is(world_->volumes[static_cast<std::size_t>(*volume)])
                           : std::any_of(world_->volumes.begin(), world_->volumes.end(), is);
    if (!right) return Violate(absl::StrCat(verb, " of the wrong disk ", disk, " at ", path));
  }
  if (!volume.has_value()) return;
  frames_.back().touched.insert(*volume);
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const Frame& outer = frames_[i];
    const bool works = outer.claims ? outer.volume == *volume : outer.touched.contains(*volume);
    if (works) Violate(absl::StrCat(verb, " at ", path, " while another one works on the volume"));
  }
}

// What is mounted for a volume is that volume, whatever happened.
void Simulation::JudgeStep() {
  const mount::MountTable table = *world_->mounts.Table();
  for (const mount::MountPoint& mount : table.all()) {
    if (!IsNvme(mount)) continue;
    const std::optional<int> volume = VolumeAt(mount.path);
    const std::string disk = world_->DiskBehind(mount.device);
    if (!volume.has_value() || world_->volumes[static_cast<std::size_t>(*volume)].uuid != disk) {
      return Violate(absl::StrCat(mount.path, " has the disk ", disk));
    }
  }
}

void Simulation::JudgeRest() {
  // The orchestrator tells of moved portals with the next call.
  for (int round = 0; round < 8 && !ended(); ++round) {
    if (round == 2) {
      for (std::size_t v = 0; v < pods_.size(); ++v) {
        if (pods_[v].staged != Belief::kThere) continue;
        const auto record = process_->records.FindCurrent(world_->volumes[v].id);
        const bool moved = !record.has_value() || record->publish_context != pods_[v].context;
        if (moved) Stage(static_cast<int>(v));
      }
    }
    world_->Pass(absl::Minutes(1));
    Tick();
    while (!pending_.empty()) RunPending();
    if (!ended()) JudgeStep();
  }
  if (!ended()) JudgePromises();
  if (ended()) return;
  const std::vector<nvme::Subsystem> subsystems = *world_->kernel.All();
  for (const nvme::Subsystem& subsystem : subsystems) {
    for (const nvme::Controller& controller : subsystem.controllers) {
      if (world_->IsPeer(controller.name)) continue;
      if (!process_->records.OthersIn(*volume::Nqn::Parse(subsystem.nqn), "").empty()) continue;
      return Violate(absl::StrCat(controller.name, " of ", subsystem.nqn, " at ",
                                  volume::Describe(controller.path), " is wanted by nobody"));
    }
  }
  const mount::MountTable table = *world_->mounts.Table();
  for (const mount::MountPoint& mount : table.all()) {
    if (!IsNvme(mount) && mount.fs_type != "devtmpfs") continue;
    if (mount.path == "/dev") continue;
    const auto volume = VolumeAt(mount.path);
    if (volume.has_value() &&
        process_->records.Find(world_->volumes[static_cast<std::size_t>(*volume)].id)) {
      continue;
    }
    return Violate(absl::StrCat(mount.path, " is promised by no record"));
  }
}

void Simulation::JudgePromises() {
  for (std::size_t v = 0; v < pods_.size() && !ended(); ++v) {
    const Pod& pod = pods_[v];
    if (pod.staged != Belief::kThere) continue;
    const SimVolume& volume = world_->volumes[v];
    const auto broken = [&](const std::string& how) {
      Violate(absl::StrCat("at rest ", volume.id, " ", how));
    };
    const auto record = process_->records.FindCurrent(volume.id);
    if (!record.has_value() || record->state != node::StageState::kStaged) {
      return broken("is not promised");
    }
    const auto health = process_->health.OfVolume(volume.id);
    if (!health.ok()) return broken(absl::StrCat("has no health: ", health.status().ToString()));
    if (!health->empty()) return broken(absl::StrCat("is ill: ", health->front().message));
    const auto picture = world_->kernel.Peek(*volume.nqn);
    const auto wanted = volume::WantedPaths(world_->TargetOf(volume),
                                            *volume::DecodeVolumeContext(volume.volume_context));
    if (!picture.has_value() ||
        nvme::LivePaths(*picture, wanted) != static_cast<int>(wanted.size())) {
      return broken("lacks paths");
    }
    const mount::MountTable table = *world_->mounts.Table();
    const auto is_right = [&](const std::string& path) {
      const auto layers = table.At(path);
      if (layers.empty()) return false;
      const base::DeviceNumber number = volume.capability.block
                                            ? world_->mounts.BlockDevice(path)->value_or(kRootDisk)
                                            : layers.back().device;
      return world_->IsPresent(number) && world_->DiskBehind(number) == volume.uuid;
    };
    if (!volume.capability.block && !is_right(volume.staging_path)) {
      return broken("is not mounted at its staging path");
    }
    for (std::size_t t = 0; t < pod.published.size(); ++t) {
      if (pod.published[t] == Belief::kThere && !is_right(volume.targets[t].path)) {
        return broken(absl::StrCat("is not at ", volume.targets[t].path));
      }
    }
  }
}

void Simulation::JudgeEmpty() {
  for (int round = 0; round < 4; ++round) {
    world_->Pass(absl::Minutes(1));
    Tick();
    while (!pending_.empty()) RunPending();
  }
  const std::vector<nvme::Subsystem> subsystems = *world_->kernel.All();
  for (const nvme::Subsystem& subsystem : subsystems) {
    for (const nvme::Controller& controller : subsystem.controllers) {
      if (!world_->IsPeer(controller.name)) {
        return Violate(absl::StrCat("at the end ", controller.name, " of ", subsystem.nqn, " at ",
                                    volume::Describe(controller.path), " is left"));
      }
    }
    if (subsystem.controllers.empty()) {
      return Violate(absl::StrCat("at the end the empty ", subsystem.name, " is left"));
    }
  }
  const mount::MountTable table = *world_->mounts.Table();
  for (const mount::MountPoint& mount : table.all()) {
    if (mount.path != "/" && mount.path != "/dev") {
      return Violate(absl::StrCat("at the end ", mount.path, " is mounted"));
    }
  }
  if (const auto records = process_->records.List(); !records.empty()) {
    return Violate(absl::StrCat("at the end there is a record of ", records.front().volume_id));
  }
  if (const auto marks = process_->marks.Subsystems(); !marks.empty()) {
    return Violate(absl::StrCat("at the end there are marks of ", marks.front().text()));
  }
}

}  // namespace nvmeof::testing
