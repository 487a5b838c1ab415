#include "tests/sim/simulation.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "volume/publish_context.h"

namespace nvmeof::testing {
namespace {

constexpr int kMostPending = 8;      // workers of the reconciler
constexpr std::size_t kDeepest = 2;  // things that interrupt one another

volume::VolumeCapability CapabilityOf(Rng& rng) {
  volume::VolumeCapability capability;
  const int kind = rng.Below(5);
  capability.block = kind >= 3;
  if (!capability.block) capability.fs_type = kind == 0 ? "xfs" : "ext4";
  if (rng.Percent(40)) capability.mode = volume::AccessMode::kSingleNodeMultiWriter;
  return capability;
}

volume::StringMap ContextOf(Rng& rng) {
  volume::StringMap context;
  if (rng.Percent(30)) context["minPaths"] = "2";
  if (rng.Percent(20)) context["hostIface"] = "eth0,eth1";
  if (rng.Percent(20)) context["ioPolicy"] = "round-robin";
  return context;
}

std::vector<SimVolume> VolumesOf(Rng& rng) {
  std::vector<SimVolume> volumes;
  const int count = 2 + rng.Below(3);
  for (int i = 0; i < count; ++i) {
    SimVolume volume;
    volume.id = absl::StrCat("v", i);
    // The first two share a subsystem.
    const int subsystem = i == 0 ? 0 : i - 1;
    volume.nqn = *volume::Nqn::Parse(absl::StrCat("nqn.2026-01.dev.nvmeof:s", subsystem));
    volume.nsid = i == 1 ? 2 : 1;
    volume.uuid = absl::StrFormat("4c0f1e8a-0000-4000-8000-%012d", i + 1);
    volume.agent = subsystem == 2 ? 1 : 0;
    volume.size_bytes = std::uint64_t{1} << 30;
    volume.capability = CapabilityOf(rng);
    volume.volume_context = ContextOf(rng);
    volume.staging_path = absl::StrCat("/staging/", volume.id);
    const bool read_only = rng.Percent(20);
    volume.targets.push_back({absl::StrCat("/pods/a/", volume.id), read_only});
    if (volume::MayPublishAtSeveralPaths(volume.capability.mode)) {
      volume.targets.push_back({absl::StrCat("/pods/b/", volume.id), read_only});
    }
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

}  // namespace

Simulation::Simulation(SimOptions options) : options_(std::move(options)), rng_(options_.seed) {
  std::vector<SimVolume> volumes = VolumesOf(rng_);
  const std::vector<SimAgent> agents = {
      {{{"tcp", "192.0.2.1", "4420"}, {"tcp", "192.0.2.2", "4420"}}},
      {{{"tcp", "192.0.2.3", "4420"}, {"tcp", "192.0.2.4", "4420"}}}};
  world_ = std::make_unique<SimWorld>(std::move(volumes), agents);
  for (const char* folder : {"/staging", "/pods/a", "/pods/b"}) world_->mounts.AddDirectory(folder);
  workers_ = std::make_unique<base::Workers>(world_->clock, 0);
  for (const SimVolume& volume : world_->volumes) {
    Pod pod;
    pod.published.resize(volume.targets.size(), Belief::kNothing);
    pod.context = volume::EncodePublishContext(world_->TargetOf(volume));
    pods_.push_back(std::move(pod));
  }
  constexpr int kOverlap[] = {0, 2, 6};
  overlap_percent_ = kOverlap[rng_.Below(3)];
  world_->at_seam = [this](SimWorld::Seam seam) { Interrupt(seam); };
  world_->on_touch = [this](const std::string& verb, const std::string& path,
                            const std::string& disk) { OnTouch(verb, path, disk); };
  world_->on_violation = [this](const std::string& what) { Violate(what); };
  if (options_.breakage) options_.breakage(*world_);
}

SimResult Simulation::Run() {
  Tell(absl::StrCat("seed ", options_.seed, ", overlap ", overlap_percent_, " %"));
  for (const SimVolume& volume : world_->volumes) {
    std::string context;
    for (const auto& [key, value] : volume.volume_context) {
      absl::StrAppend(&context, " ", key, "=", value);
    }
    Tell(absl::StrCat(volume.id, ": ", volume.nqn->text(), " nsid ", volume.nsid, ", ",
                      volume.capability.block ? "block" : volume.capability.fs_type, context));
  }
  StartProcess();
  const int length = 6 + rng_.Below(20);
  for (int i = 0; i < length && i < options_.most_steps && !ended(); ++i) {
    ++result_.steps;
    OneStep();
  }
  if (!ended()) {
    quiet_ = true;
    world_->effects.Revive();
    MendAll();
    JudgeRest();
  }
  if (!ended()) EndAll();
  if (!ended()) JudgeEmpty();
  return std::move(result_);
}

void Simulation::OneStep() {
  const int kind = rng_.Below(100);
  if (kind < 50) {
    AnyCall();
  } else if (kind < 60) {
    Tick();
  } else if (kind < 70) {
    RunPending();
  } else if (kind < 86) {
    AnyFault();
  } else if (kind < 91) {
    MendSomething();
  } else if (kind < 95) {
    Wait(absl::Seconds(1 + rng_.Below(60)));
  } else if (kind < 99) {
    KillSoon();
  } else {
    Reboot();
  }
  if (world_->effects.dead()) {
    Tell("the process is dead");
    StartProcess();
  }
  if (!ended()) JudgeStep();
}

// Something else happens before the interrupted step goes on.
void Simulation::Interrupt(SimWorld::Seam seam) {
  if (quiet_ || ended() || frames_.empty() || frames_.size() > kDeepest) return;
  if (!rng_.Percent(overlap_percent_)) return;
  const absl::Time began = world_->clock.Now();
  Count("overlap");
  const int kind = rng_.Below(100);
  const bool locked = seam == SimWorld::Seam::kLocked || process_ == nullptr ||
                      process_->scheduler.Look().running.has_value();
  if (locked || kind < 35) {
    AnyFault();
  } else if (kind < 75) {
    AnyCall();
  } else if (kind < 85) {
    Tick();
  } else {
    RunPending();
  }
  frames_.back().nested += world_->clock.Now() - began;
}

void Simulation::AnyCall() { CallFor(rng_.Below(static_cast<int>(world_->volumes.size()))); }

void Simulation::Tick() {
  if (in_tick_) return;
  in_tick_ = true;
  const absl::Cleanup out = [this] { in_tick_ = false; };
  Tell("tick");
  frames_.emplace_back();
  process_->reconciler.Tick();
  frames_.pop_back();
}

void Simulation::RunPending() {
  if (pending_.empty()) return;
  const auto at = pending_.begin() + rng_.Below(static_cast<int>(pending_.size()));
  Step step = std::move(*at);
  pending_.erase(at);
  Tell("work of the reconciler");
  frames_.emplace_back();
  const absl::Status done = step();
  frames_.pop_back();
  Tell(absl::StrCat("  ", done.ok() ? "done" : std::string(done.message())));
}

void Simulation::KillSoon() {
  const int effects = 1 + rng_.Below(12);
  Tell(absl::StrCat("the process will die at effect ", effects));
  Count("kill");
  world_->effects.DieAt(effects);
  // The next calls run into it; what they did not reach is reached by the kill that everybody does.
  for (int i = 0; i < 2 && !world_->effects.dead(); ++i) AnyCall();
  if (!world_->effects.dead()) world_->effects.DieAt(0);
}

void Simulation::StartProcess() {
  pending_.clear();
  process_.reset();
  world_->effects.Revive();
  claims_ = std::make_unique<base::Claims>();
  const auto start = [this](Step step) -> absl::Status {
    if (pending_.size() >= kMostPending) return absl::ResourceExhaustedError("all are busy");
    pending_.push_back(std::move(step));
    return absl::OkStatus();
  };
  auto made =
      node::NodeHalf::Make({world_->host(), world_->discovery, world_->mounter(),
                            world_->file_systems(), world_->record_files(), world_->mark_files(),
                            world_->clock, *workers_, *claims_, BootId(), start, options_.seed});
  if (!made.ok()) {
    Violate(absl::StrCat("the plugin does not start: ", made.status().ToString()));
    return;
  }
  process_ = *std::move(made);
}

std::string Simulation::BootId() const { return absl::StrCat("boot-", boots_); }

void Simulation::Reboot() {
  Tell("the node reboots");
  Count("reboot");
  world_->Reboot();
  ++boots_;
  for (Pod& pod : pods_) {
    if (pod.staged == Belief::kThere) pod.staged = Belief::kPerhaps;
    for (Belief& published : pod.published) {
      if (published == Belief::kThere) published = Belief::kPerhaps;
    }
  }
  StartProcess();
}

void Simulation::Wait(absl::Duration time) {
  Tell(absl::StrCat("wait ", absl::FormatDuration(time)));
  world_->Pass(time);
}

void Simulation::Violate(const std::string& what) {
  if (ended()) return;
  result_.violation = what;
  Tell(absl::StrCat("VIOLATION: ", what));
}

void Simulation::Tell(const std::string& line) {
  if (!options_.tell) return;
  result_.story.push_back(absl::StrCat(std::string(2 * frames_.size(), ' '), line));
}

}  // namespace nvmeof::testing
