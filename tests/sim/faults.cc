// What happens to the world of a Simulation.
#include <algorithm>

#include "absl/strings/str_cat.h"

#include "tests/sim/simulation.h"
#include "volume/publish_context.h"

namespace nvmeof::testing {
namespace {

constexpr const char* kPortalFaults[] = {"portal refuses", "portal silent", "portal hangs"};

}  // namespace

void Simulation::AnyFault() {
  const int v = rng_.Below(static_cast<int>(world_->volumes.size()));
  SimAgent& agent = rng_.OneOf(world_->agents);
  const int kind = rng_.Below(100);
  if (kind < 44) {
    PathFault(kind, world_->volumes[static_cast<std::size_t>(v)], agent);
  } else if (kind < 70) {
    NamespaceFault(kind, v);
  } else {
    OtherFault(kind, world_->volumes[static_cast<std::size_t>(v)], agent);
  }
}

void Simulation::SayFault(const std::string& kind, const std::string& about) {
  Count(kind);
  Tell(absl::StrCat("fault: ", kind, " ", about));
}

void Simulation::PathFault(int kind, const SimVolume& volume, SimAgent& agent) {
  if (kind < 24) {
    const volume::Portal& portal = rng_.OneOf(agent.portals);
    const int how = rng_.Below(3);
    SayFault(kPortalFaults[how], portal.address);
    world_->PortalDown(portal, how);
  } else {
    const auto picture = world_->kernel.Peek(*volume.nqn);
    if (!picture.has_value() || picture->controllers.empty()) return;
    if (rng_.Percent(40)) {
      SayFault("all controllers lost", volume.nqn->text());
      for (const auto& each : picture->controllers) world_->kernel.Lose(each.name);
    } else {
      const std::string name = rng_.OneOf(picture->controllers).name;
      SayFault("controller lost", name);
      world_->kernel.Lose(name);
    }
    world_->Settle();
  }
}

void Simulation::NamespaceFault(int kind, int v) {
  SimVolume& volume = world_->volumes[static_cast<std::size_t>(v)];
  if (kind < 52) {
    SayFault("namespace gone", volume.id);
    gone_.insert(v);
    world_->Vanish(volume);
  } else if (kind < 62) {
    const bool announced = rng_.Percent(70);
    SayFault(announced ? "another namespace" : "another namespace, notice lost", volume.id);
    gone_.insert(v);
    world_->Lie(volume, rng_.Percent(60), announced);
  } else {
    const bool announced = rng_.Percent(50);
    if (gone_.contains(v)) return;
    SayFault(announced ? "namespace grows" : "namespace grows, notice lost", volume.id);
    world_->Grow(volume, announced);
    pods_[static_cast<std::size_t>(v)].context =
        volume::EncodePublishContext(world_->TargetOf(volume));
  }
}

void Simulation::OtherFault(int kind, SimVolume& volume, SimAgent& agent) {
  if (kind < 76) {
    const int at = rng_.Below(static_cast<int>(world_->agents.size()));
    const int portal = rng_.Below(2);
    SayFault("portal moves", world_->agents[static_cast<std::size_t>(at)]
                                 .portals[static_cast<std::size_t>(portal)]
                                 .address);
    world_->Move(at, portal);
    for (std::size_t i = 0; i < pods_.size(); ++i) {
      pods_[i].context = volume::EncodePublishContext(world_->TargetOf(world_->volumes[i]));
    }
  } else if (kind < 82) {
    // Between a step's look and its act no step could see who came: see the decision records.
    if (!frames_.empty()) return;
    const volume::Path path{rng_.OneOf(agent.portals), {}};
    // A path of ours that is missing just now would become ours again: see the decision records.
    if (IsMarked(*volume.nqn, path)) return;
    if (!world_->PeerConnects(*volume.nqn, path)) return;
    SayFault("peer connects", absl::StrCat(volume.nqn->text(), " ", volume::Describe(path)));
  } else if (kind < 84) {
    SayFault("peer disconnects", "");
    world_->PeerDisconnects();
  } else if (kind < 90) {
    world_->files = rng_.Percent(50) ? SimFiles::kFull : SimFiles::kReadOnly;
    SayFault(world_->files == SimFiles::kFull ? "records full" : "records read-only", "");
  } else if (kind < 94) {
    const auto number = world_->PresentNumber(volume);
    if (!number.has_value() || !frames_.empty()) return;
    SayFault("pod keeps the disk", volume.id);
    kept_.insert(*number);
    world_->mounts.AddUse(*number, {mount::DeviceUse::Kind::kMount, "/data", {4711, "postgres"}});
  } else {
    const std::string& path =
        rng_.Percent(30) ? volume.staging_path : rng_.OneOf(volume.targets).path;
    SayFault("mount busy", path);
    busy_.insert(path);
    world_->mounts.SetBusy(path, true);
  }
}

// As a process would read it that starts now: the last one may have died over a write.
bool Simulation::IsMarked(const volume::Nqn& subsystem, const volume::Path& path) {
  const auto marks = node::ConnectionMarks::Open(world_->marks, BootId());
  if (!marks.ok()) return false;
  const auto paths = marks->Of(subsystem);
  return paths.has_value() && std::find(paths->begin(), paths->end(), path) != paths->end();
}

void Simulation::EndPods() {
  for (const std::string& path : busy_) world_->mounts.SetBusy(path, false);
  for (const base::DeviceNumber number : kept_) world_->mounts.RemoveUses(number);
  busy_.clear();
  kept_.clear();
  world_->Settle();
}

void Simulation::MendSomething() {
  const int kind = rng_.Below(100);
  if (kind < 50) {
    const volume::Portal& portal = rng_.OneOf(rng_.OneOf(world_->agents).portals);
    Tell(absl::StrCat("portal heals ", portal.address));
    world_->PortalUp(portal);
  } else if (kind < 70) {
    Tell("records good");
    world_->files = SimFiles::kGood;
  } else if (kind < 85) {
    if (gone_.empty()) return;
    const int v = *gone_.begin();
    const bool announced = rng_.Percent(60);
    Count(announced ? "namespace back" : "namespace back, notice lost");
    Tell(absl::StrCat("namespace back ", announced ? "" : "without notice ",
                      world_->volumes[static_cast<std::size_t>(v)].id));
    world_->Return(world_->volumes[static_cast<std::size_t>(v)], announced);
    gone_.erase(v);
  } else {
    Tell("nothing is busy");
    EndPods();
  }
}

void Simulation::MendAll() {
  Tell("everything is mended");
  EndPods();
  world_->files = SimFiles::kGood;
  for (const int v : gone_) {
    const bool announced = rng_.Percent(60);
    if (!announced) Count("namespace back, notice lost");
    world_->Return(world_->volumes[static_cast<std::size_t>(v)], announced);
  }
  gone_.clear();
  for (const SimAgent& agent : world_->agents) {
    for (const volume::Portal& portal : agent.portals) world_->PortalUp(portal);
  }
  // What listens no more was given up by the kernel meanwhile.
  for (const SimVolume& volume : world_->volumes) {
    const auto picture = world_->kernel.Peek(*volume.nqn);
    if (!picture.has_value()) continue;
    const auto& portals = world_->agents[static_cast<std::size_t>(volume.agent)].portals;
    for (const nvme::Controller& each : picture->controllers) {
      if (std::find(portals.begin(), portals.end(), each.path.portal) == portals.end()) {
        world_->kernel.Lose(each.name);
      }
    }
  }
  world_->Settle();
}

}  // namespace nvmeof::testing
