#include "tests/vm/twin/player.h"

#include <cstdlib>
#include <functional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "tests/vm/twin/snapshot.h"
#include "volume/publish_context.h"

namespace nvmeof::testing {
namespace {

volume::Portal PortalAt(const std::string& address) { return {"tcp", address, "4420"}; }

}  // namespace

struct Player::Verb {
  const char* words;
  std::size_t arguments;
  // A call's answer, or how the world took it.
  std::function<absl::Status(Player&, const Arguments&)> play;
  bool is_call = false;
};

const std::vector<Player::Verb>& Player::Verbs() {
  using Down = Machine::Down;
  using Notice = Machine::Notice;
  using P = Player;
  using A = Arguments;
  static const std::vector<Verb> kVerbs = {
      {"stage", 1, [](P& p, const A& a) { return p.Stage(p.Volume(a[0])); }, true},
      {"publish", 1, [](P& p, const A& a) { return p.Publish(p.Volume(a[0])); }, true},
      {"unpublish", 1, [](P& p, const A& a) { return p.Unpublish(p.Volume(a[0])); }, true},
      {"unstage", 1, [](P& p, const A& a) { return p.Unstage(p.Volume(a[0])); }, true},
      {"expand", 1, [](P& p, const A& a) { return p.Expand(p.Volume(a[0])); }, true},
      {"tick", 0, [](P& p, const A&) { return p.half_->reconciler.Tick(), absl::OkStatus(); }},
      {"wait", 1, [](P& p, const A& a) { return p.Wait(a[0]); }},
      {"the process is dead", 0, [](P& p, const A&) { return p.Begin(), absl::OkStatus(); }},
      {"fault: portal refuses", 1,
       [](P& p, const A& a) { return p.machine_.PortalDown(PortalAt(a[0]), Down::kRefuses); }},
      {"fault: portal silent", 1,
       [](P& p, const A& a) { return p.machine_.PortalDown(PortalAt(a[0]), Down::kSilent); }},
      {"portal heals", 1, [](P& p, const A& a) { return p.machine_.PortalUp(PortalAt(a[0])); }},
      {"fault: controller lost", 2,
       [](P& p, const A& a) { return p.machine_.GiveUp(p.Volume(a[0]), PortalAt(a[1])); }},
      {"fault: controller deleted", 2,
       [](P& p, const A& a) { return p.machine_.Delete(p.Volume(a[0]), PortalAt(a[1])); }},
      {"fault: namespace gone", 1,
       [](P& p, const A& a) { return p.machine_.Vanish(p.Volume(a[0])); }},
      {"fault: another namespace", 1,
       [](P& p, const A& a) { return p.machine_.Lie(p.Volume(a[0]), Notice::kGiven); }},
      {"fault: another namespace, notice lost", 1,
       [](P& p, const A& a) { return p.machine_.Lie(p.Volume(a[0]), Notice::kLost); }},
      {"namespace back", 1,
       [](P& p, const A& a) { return p.machine_.Return(p.Volume(a[0]), Notice::kGiven); }},
      {"namespace back without notice", 1,
       [](P& p, const A& a) { return p.machine_.Return(p.Volume(a[0]), Notice::kLost); }},
      {"fault: namespace grows", 1,
       [](P& p, const A& a) { return p.machine_.Grow(p.Volume(a[0])); }},
      {"fault: peer connects", 2,
       [](P& p, const A& a) { return p.machine_.PeerConnects(p.Volume(a[0]), PortalAt(a[1])); }},
      {"fault: peer disconnects", 0, [](P& p, const A&) { return p.machine_.PeerDisconnects(); }},
      {"fault: mount busy", 1,
       [](P& p, const A& a) { return p.machine_.KeepBusy(p.Volume(a[0]).targets.front().path); }},
      {"nothing is busy", 0, [](P& p, const A&) { return p.machine_.LetGo(); }},
  };
  return kVerbs;
}

Player::Player(Machine& machine) : machine_(machine) { Begin(); }

absl::StatusOr<Player::Answer> Player::Play(const std::string& step) {
  for (const Verb& verb : Verbs()) {
    absl::string_view rest = step;
    if (!absl::ConsumePrefix(&rest, verb.words)) continue;
    const Arguments arguments = absl::StrSplit(rest, ' ', absl::SkipEmpty());
    if (arguments.size() != verb.arguments) continue;
    absl::Status played = verb.play(*this, arguments);
    RunBegun();
    if (!played.ok() && !verb.is_call) return played;
    return Answer{std::move(played)};
  }
  return absl::InvalidArgumentError(absl::StrCat("no such step: ", step));
}

std::vector<std::string> Player::Look() const {
  std::vector<std::string> lines;
  for (const SimVolume& volume : machine_.volumes()) {
    for (std::string& line : Snapshot(machine_, *half_, volume)) lines.push_back(std::move(line));
  }
  return lines;
}

absl::Status Player::Stage(const SimVolume& volume) {
  base::Call call = NewCall();
  absl::Status staged =
      half_->stager.Stage({volume.id, volume.staging_path, volume.capability,
                           volume::EncodePublishContext(TargetOf(volume)), volume.volume_context},
                          call);
  if (staged.ok()) {
    half_->troubles.Clear(volume.id);
    half_->reconciler.Attend(volume.id);
  } else {
    half_->troubles.Note(volume.id, std::string(staged.message()));
  }
  return staged;
}

absl::Status Player::Publish(const SimVolume& volume) {
  base::Call call = NewCall();
  const SimPublication& target = volume.targets.front();
  return half_->publisher.Publish(
      {volume.id, volume.staging_path, target.path, volume.capability, target.read_only,
       volume::EncodePublishContext(TargetOf(volume))},
      call);
}

absl::Status Player::Unpublish(const SimVolume& volume) {
  base::Call call = NewCall();
  return half_->publisher.Unpublish(volume.id, volume.targets.front().path, call);
}

absl::Status Player::Unstage(const SimVolume& volume) {
  base::Call call = NewCall();
  absl::Status unstaged = half_->stager.Unstage(volume.id, volume.staging_path, call);
  if (unstaged.ok()) half_->troubles.Clear(volume.id);
  return unstaged;
}

absl::Status Player::Expand(const SimVolume& volume) {
  base::Call call = NewCall();
  const auto size = static_cast<std::int64_t>(volume.size_bytes);
  return half_->expander.Expand({volume.id, volume.staging_path, size}, call).status();
}

absl::Status Player::Wait(const std::string& seconds) {
  int count = 0;
  if (!absl::SimpleAtoi(seconds, &count)) return absl::InvalidArgumentError(seconds);
  machine_.Leap(absl::Seconds(count));
  return absl::OkStatus();
}

// A new process over what an older one left.
void Player::Begin() {
  begun_.clear();
  half_.reset();
  const auto start = [this](auto step) {
    begun_.push_back(std::move(step));
    return absl::OkStatus();
  };
  auto made =
      node::NodeHalf::Make({machine_.host(), discovery_, machine_.mounter(),
                            machine_.file_systems(), machine_.record_files(), machine_.mark_files(),
                            machine_.clock(), machine_.workers(), claims_, "this-boot", start, 1});
  if (!made.ok()) std::abort();
  half_ = *std::move(made);
}

// In the order in which they were begun, as if workers had been waiting for nothing else.
void Player::RunBegun() {
  while (!begun_.empty()) {
    auto step = std::move(begun_.front());
    begun_.pop_front();
    step().IgnoreError();  // the reconciler noted it
  }
}

base::Call Player::NewCall() const {
  return base::Call(machine_.clock(), machine_.clock().Now() + absl::Minutes(2));
}

volume::Target Player::TargetOf(const SimVolume& volume) const {
  return {*volume.nqn,
          {*volume::Uuid::Parse(volume.uuid), std::nullopt, volume.nsid},
          machine_.portals(),
          volume.size_bytes};
}

SimVolume& Player::Volume(const std::string& id) const {
  for (SimVolume& volume : machine_.volumes()) {
    if (volume.id == id) return volume;
  }
  std::abort();
}

}  // namespace nvmeof::testing
