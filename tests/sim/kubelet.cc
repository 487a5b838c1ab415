// The calls of a Simulation: as the kubelet makes and repeats them.
#include <algorithm>

#include "absl/strings/str_cat.h"

#include "tests/sim/simulation.h"

namespace nvmeof::testing {
namespace {

// After these the kubelet takes the mount as perhaps made, and goes on; after all others as not
// made, if it did not know better before (its IsOperationFinishedError).
bool IsFinal(const absl::Status& status) {
  return !(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
           absl::IsAborted(status) || absl::IsResourceExhausted(status) ||
           absl::IsCancelled(status));
}

// Longest connect in the kernel, which nobody can call off.
constexpr absl::Duration kOneConnect = absl::Seconds(62);

}  // namespace

void Simulation::CallFor(int volume) {
  Pod& pod = pods_[static_cast<std::size_t>(volume)];
  if (rng_.Percent(pod.wanted ? 15 : 60)) pod.wanted = !pod.wanted;
  const int target = rng_.Below(static_cast<int>(pod.published.size()));
  const Belief published = pod.published[static_cast<std::size_t>(target)];
  if (rng_.Percent(15)) return LookAt(volume);
  if (pod.wanted) {
    if (pod.staged != Belief::kThere || rng_.Percent(10)) return Stage(volume);
    if (published != Belief::kThere || rng_.Percent(40)) return Publish(volume, target);
    return Expand(volume);
  }
  for (std::size_t i = 0; i < pod.published.size(); ++i) {
    if (pod.published[i] != Belief::kNothing) return Unpublish(volume, static_cast<int>(i));
  }
  if (pod.staged != Belief::kNothing || rng_.Percent(10)) return Unstage(volume);
  LookAt(volume);
}

void Simulation::Stage(int volume) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  const volume::StringMap context = pods_[static_cast<std::size_t>(volume)].context;
  const absl::Status done = Call(volume, "stage", [&](base::Call& call) {
    const node::StageRequest request{what.id, what.staging_path, what.capability, context,
                                     what.volume_context};
    absl::Status staged = process_->stager.Stage(request, call);
    if (staged.ok()) {
      process_->troubles.Clear(what.id);
      process_->reconciler.Attend(what.id);
    } else {
      process_->troubles.Note(what.id, std::string(staged.message()));
    }
    return staged;
  });
  if (absl::IsAborted(done) && done.message() == "claimed") return;
  Pod& pod = pods_[static_cast<std::size_t>(volume)];
  if (done.ok()) {
    pod.staged = Belief::kThere;
  } else if (!IsFinal(done)) {
    if (pod.staged == Belief::kNothing) pod.staged = Belief::kPerhaps;
  } else if (pod.staged != Belief::kThere) {
    // The orchestrator forgets it, and will not call Unstage.
    Count("final error of stage");
    pod.staged = Belief::kNothing;
    pod.wanted = false;
  }
}

void Simulation::Unstage(int volume) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  const absl::Status done = Call(volume, "unstage", [&](base::Call& call) {
    absl::Status unstaged = process_->stager.Unstage(what.id, what.staging_path, call);
    if (unstaged.ok()) process_->troubles.Clear(what.id);
    return unstaged;
  });
  Pod& pod = pods_[static_cast<std::size_t>(volume)];
  if (done.ok()) {
    pod.staged = Belief::kNothing;
  } else if (pod.staged == Belief::kThere) {
    pod.staged = Belief::kPerhaps;
  }
}

void Simulation::Publish(int volume, int target) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  const SimPublication& where = what.targets[static_cast<std::size_t>(target)];
  const volume::StringMap context = pods_[static_cast<std::size_t>(volume)].context;
  const absl::Status done =
      Call(volume, absl::StrCat("publish ", where.path), [&](base::Call& call) {
        return process_->publisher.Publish(
            {what.id, what.staging_path, where.path, what.capability, where.read_only, context},
            call);
      });
  if (absl::IsAborted(done) && done.message() == "claimed") return;
  Belief& published =
      pods_[static_cast<std::size_t>(volume)].published[static_cast<std::size_t>(target)];
  if (done.ok()) {
    published = Belief::kThere;
  } else if (!IsFinal(done) && published == Belief::kNothing) {
    published = Belief::kPerhaps;
  } else if (IsFinal(done) && published == Belief::kPerhaps) {
    published = Belief::kNothing;
  }
}

void Simulation::Unpublish(int volume, int target) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  const std::string& path = what.targets[static_cast<std::size_t>(target)].path;
  const absl::Status done = Call(volume, absl::StrCat("unpublish ", path), [&](base::Call& call) {
    return process_->publisher.Unpublish(what.id, path, call);
  });
  Belief& published =
      pods_[static_cast<std::size_t>(volume)].published[static_cast<std::size_t>(target)];
  if (done.ok()) {
    published = Belief::kNothing;
  } else if (published == Belief::kThere) {
    published = Belief::kPerhaps;
  }
}

void Simulation::Expand(int volume) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  const auto size = static_cast<std::int64_t>(what.size_bytes);
  Call(volume, "expand", [&](base::Call& call) {
    return process_->expander.Expand({what.id, what.staging_path, size}, call).status();
  }).IgnoreError();
}

void Simulation::LookAt(int volume) {
  const SimVolume& what = world_->volumes[static_cast<std::size_t>(volume)];
  frames_.push_back({volume, {}, absl::ZeroDuration()});
  const int kind = rng_.Below(3);
  Tell(absl::StrCat("look at ", what.id));
  Count("look");
  if (kind == 0) process_->health.OfVolume(what.id).IgnoreError();
  if (kind == 1) process_->health.OfStorage().IgnoreError();
  if (kind == 2) process_->usage.Read(what.id, what.staging_path).IgnoreError();
  frames_.pop_back();
}

absl::Status Simulation::Call(int volume, const std::string& name,
                              const std::function<absl::Status(base::Call&)>& body) {
  const std::string id = world_->volumes[static_cast<std::size_t>(volume)].id;
  std::optional<base::Claim> claim = claims_->TryTake(id);
  if (!claim.has_value()) {
    Tell(absl::StrCat(name, " ", id, ": claimed"));
    return absl::AbortedError("claimed");
  }
  const bool twice = std::any_of(frames_.begin(), frames_.end(), [&](const Frame& frame) {
    return frame.claims && frame.volume == volume;
  });
  if (twice) Violate(absl::StrCat("two claims on ", id));
  Count("call");
  Tell(absl::StrCat(name, " ", id));
  const absl::Time began = world_->clock.Now();
  const absl::Duration allowed = absl::Seconds(rng_.Percent(20) ? 15 : 120);
  frames_.push_back({volume, {}, absl::ZeroDuration(), true});
  base::Call call(world_->clock, began + allowed);
  absl::Status done = body(call);
  const absl::Duration took = world_->clock.Now() - began - frames_.back().nested;
  const absl::Duration nested = frames_.back().nested;
  frames_.pop_back();
  if (world_->effects.dead()) {
    Tell("  died");
    return absl::UnavailableError("the connection to the plugin was lost");
  }
  Tell(absl::StrCat("  ", name, " ", id, ": ", done.ok() ? "OK" : done.ToString()));
  if (took > allowed + kOneConnect) {
    Violate(absl::StrCat(name, " ", id, " took ", absl::FormatDuration(took), " of ",
                         absl::FormatDuration(allowed)));
  }
  // The caller left at its deadline, whatever came of it.
  if (took + nested > allowed) return absl::DeadlineExceededError("the call took too long");
  return done;
}

void Simulation::EndAll() {
  Tell("the end of all pods");
  std::string last;
  for (int round = 0; round < 8; ++round) {
    last.clear();
    for (std::size_t v = 0; v < pods_.size() && !ended(); ++v) {
      Pod& pod = pods_[v];
      pod.wanted = false;
      for (std::size_t t = 0; t < pod.published.size(); ++t) {
        if (pod.published[t] != Belief::kNothing) {
          Unpublish(static_cast<int>(v), static_cast<int>(t));
        }
        if (pod.published[t] != Belief::kNothing) last = world_->volumes[v].targets[t].path;
      }
      if (!last.empty()) continue;
      if (pod.staged != Belief::kNothing) Unstage(static_cast<int>(v));
      if (pod.staged != Belief::kNothing) last = world_->volumes[v].staging_path;
    }
    if (last.empty() || ended()) return;
    world_->Pass(absl::Minutes(1));
    Tick();
    while (!pending_.empty()) RunPending();
  }
  Violate(absl::StrCat(last, " does not go away"));
}

}  // namespace nvmeof::testing
