#include "node/reconciler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::node {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Seconds(5);
constexpr absl::Duration kLongestBackoff = absl::Seconds(30);
// For one action; what the kernel holds longer than that it holds alone.
constexpr absl::Duration kActionTime = absl::Minutes(2);

std::string KeyOf(const Action& action) {
  return absl::StrCat(Name(action.kind), " ", action.nqn, " ", action.volume_id);
}

std::string KeyOf(const Action& action, const volume::Path& path) {
  return absl::StrCat(action.nqn, " ", volume::Describe(path));
}

// What one look may show by chance, because something is under way.
bool NeedsTwoLooks(Action::Kind kind) {
  return kind == Action::Kind::kRescan || kind == Action::Kind::kDrop ||
         kind == Action::Kind::kReap;
}

}  // namespace

Reconciler::Reconciler(const NvmeHost& host, const ReconcilerParts& parts, Start start,
                       std::uint64_t seed)
    : host_(host),
      parts_(parts),
      start_(std::move(start)),
      observer_(host, parts.mounter),
      backoff_(kFirstBackoff, kLongestBackoff, seed) {}

void Reconciler::Tick() {
  const absl::StatusOr<Picture> picture = Look();
  if (!picture.ok()) {
    base::Log(base::Level::kWarning, "the node's volumes cannot be looked at",
              {{"error", std::string(picture.status().message())}});
    return;
  }
  std::vector<Action> due;
  {
    const absl::MutexLock lock(&mutex_);
    std::set<std::string> planned;
    std::set<std::string> seen_once;
    for (Action& action : PlanReconcile(*picture)) {
      planned.insert(KeyOf(action));
      for (const volume::Path& path : action.paths) planned.insert(KeyOf(action, path));
      if (NeedsTwoLooks(action.kind)) {
        seen_once.insert(KeyOf(action));
        if (!suspects_.contains(KeyOf(action))) continue;
      }
      if (IsDue(action)) due.push_back(std::move(action));
    }
    suspects_ = std::move(seen_once);
    backoff_.KeepOnly(planned);
  }
  for (Action& action : due) {
    const bool dead = action.without_live_path;
    Begin(std::move(action), dead ? ConnectPriority::kFirstPath : ConnectPriority::kRepair);
  }
}

void Reconciler::Attend(const std::string& volume_id) {
  const auto look = [this, volume_id]() -> absl::Status {
    const std::optional<StageRecord> record = parts_.records.FindCurrent(volume_id);
    if (!record.has_value()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const PromisedVolume promised, observer_.Look(*record));
    for (Action& action : PlanVolume(promised, {})) {
      if (action.kind != Action::Kind::kConnect) continue;
      {
        const absl::MutexLock lock(&mutex_);
        if (!IsDue(action)) continue;
      }
      Begin(std::move(action), ConnectPriority::kFurtherPath);
    }
    return absl::OkStatus();
  };
  // When all workers are busy, the next tick does it.
  start_(look).IgnoreError();
}

std::map<std::string, Reconciler::Count> Reconciler::Counts() const {
  const absl::MutexLock lock(&mutex_);
  return counts_;
}

absl::StatusOr<Picture> Reconciler::Look() const {
  Picture picture;
  const std::vector<StageRecord> records = parts_.records.ListCurrent();
  for (const volume::Nqn& subsystem : parts_.marks.Subsystems()) {
    if (auto paths = parts_.marks.Of(subsystem); paths.has_value()) {
      picture.marks.emplace(subsystem.text(), *std::move(paths));
    }
  }
  if (records.empty()) return picture;
  ASSIGN_OR_RETURN(std::vector<nvme::Subsystem> connected, host_.topology.All());
  for (nvme::Subsystem& subsystem : connected) host_.KeepOwn(subsystem);
  ASSIGN_OR_RETURN(const mount::MountTable table, parts_.mounter.Table());
  for (const StageRecord& record : records) {
    const auto nqn = record.publish_context.find("nqn");
    const auto subsystem = std::find_if(connected.begin(), connected.end(), [&](const auto& each) {
      return nqn != record.publish_context.end() && each.nqn == nqn->second;
    });
    absl::StatusOr<PromisedVolume> promised = observer_.Combine(
        record, subsystem == connected.end() ? std::nullopt : std::optional(*subsystem), table);
    if (promised.ok()) {
      promised->held = parts_.publisher.Holds(record);
      picture.promised.push_back(*std::move(promised));
      continue;
    }
    base::Log(base::Level::kWarning, "a volume cannot be looked at",
              {{"volume", record.volume_id}, {"error", std::string(promised.status().message())}});
    // Nothing is known of it, so nothing of it may be reaped.
    if (nqn != record.publish_context.end()) picture.marks.erase(nqn->second);
  }
  return picture;
}

bool Reconciler::IsDue(Action& action) {
  if (running_.contains(KeyOf(action))) return false;
  const absl::Time now = parts_.clock.Now();
  if (action.kind != Action::Kind::kConnect) return backoff_.IsDue(KeyOf(action), now);
  std::erase_if(action.paths, [&](const volume::Path& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !backoff_.IsDue(KeyOf(action, path), now);
  });
  return !action.paths.empty();
}

void Reconciler::Begin(Action action, ConnectPriority priority) {
  const std::string key = KeyOf(action);
  {
    const absl::MutexLock lock(&mutex_);
    if (!running_.insert(key).second) return;
  }
  const absl::Status started = start_([this, action = std::move(action), priority] {
    {
      const absl::MutexLock lock(&mutex_);
      ++counts_[std::string(Name(action.kind))].begun;
    }
    const absl::Status status = Do(action, priority);
    End(action, status);
    return status;
  });
  if (!absl::IsResourceExhausted(started)) return;
  const absl::MutexLock lock(&mutex_);
  running_.erase(key);
}

void Reconciler::End(const Action& action, const absl::Status& status) {
  const std::string key = KeyOf(action);
  {
    const absl::MutexLock lock(&mutex_);
    running_.erase(key);
    if (status.ok()) {
      backoff_.Succeeded(key);
    } else {
      backoff_.Failed(key, parts_.clock.Now());
      ++counts_[std::string(Name(action.kind))].failed;
    }
  }
  const std::string kind(Name(action.kind));
  if (status.ok()) {
    base::Log(base::Level::kInfo, "reconciled",
              {{"action", kind}, {"nqn", action.nqn}, {"volume", action.volume_id}});
  } else {
    base::Log(base::Level::kWarning, "not reconciled",
              {{"action", kind},
               {"nqn", action.nqn},
               {"volume", action.volume_id},
               {"error", std::string(status.message())}});
  }
}

absl::Status Reconciler::Do(const Action& action, ConnectPriority priority) {
  base::Call call(parts_.clock, parts_.clock.Now() + kActionTime);
  ASSIGN_OR_RETURN(const volume::Nqn nqn, volume::Nqn::Parse(action.nqn));
  switch (action.kind) {
    case Action::Kind::kConnect:
      return Connect(action, priority);
    case Action::Kind::kRescan:
      return parts_.attacher.Rescan(nqn);
    case Action::Kind::kRestore:
      return Restore(action.volume_id);
    case Action::Kind::kUnbind:
      return Unbind(action.volume_id);
    case Action::Kind::kSetIoPolicy:
      return SetIoPolicy(action.volume_id);
    case Action::Kind::kDrop:
      return parts_.attacher.DropPaths(nqn, action.paths, call);
    case Action::Kind::kReap:
      return parts_.attacher.Reap(
          nqn, [&] { return parts_.records.OthersIn(nqn, "").empty(); }, call);
  }
  return absl::OkStatus();
}

absl::Status Reconciler::Connect(const Action& action, ConnectPriority priority) {
  const std::optional<StageRecord> record = parts_.records.FindCurrent(action.volume_id);
  if (!record.has_value() || record->state != StageState::kStaged) return absl::OkStatus();
  ASSIGN_OR_RETURN(const volume::AttachPolicy policy,
                   volume::DecodeVolumeContext(record->volume_context));
  ASSIGN_OR_RETURN(const volume::Nqn nqn, volume::Nqn::Parse(action.nqn));
  const auto still_wanted = [this, volume_id = action.volume_id] { return IsPromised(volume_id); };
  ASSIGN_OR_RETURN(const std::vector<PathProblem> problems,
                   parts_.connector.Connect({.subsystem = nqn,
                                             .wanted = action.paths,
                                             .options = policy.connect,
                                             .enough = static_cast<int>(action.paths.size()),
                                             .priority = priority,
                                             .still_wanted = still_wanted},
                                            parts_.clock.Now() + kActionTime));
  std::string causes;
  {
    const absl::MutexLock lock(&mutex_);
    for (const volume::Path& path : action.paths) {
      const bool failed = std::any_of(problems.begin(), problems.end(),
                                      [&](const auto& each) { return each.path == path; });
      if (!failed) backoff_.Succeeded(KeyOf(action, path));
    }
    for (const PathProblem& problem : problems) {
      if (absl::IsCancelled(problem.cause)) continue;
      backoff_.Failed(KeyOf(action, problem.path), parts_.clock.Now());
      absl::StrAppend(&causes, causes.empty() ? "" : "; ", volume::Describe(problem.path), ": ",
                      problem.cause.message());
    }
  }
  if (action.kernel_gave_up && problems.size() < action.paths.size()) {
    return Restore(action.volume_id);
  }
  if (causes.empty()) {
    parts_.troubles.Clear(action.volume_id);
    return absl::OkStatus();
  }
  parts_.troubles.Note(action.volume_id, causes);
  return absl::UnavailableError(causes);
}

absl::Status Reconciler::Restore(const std::string& volume_id) {
  return WithStaged(volume_id, [&](const StageRecord& record) {
    base::Call call(parts_.clock, parts_.clock.Now() + kActionTime);
    absl::Status restored = RestoreRecord(record, call);
    if (restored.ok()) {
      parts_.troubles.Clear(volume_id);
    } else {
      parts_.troubles.Note(volume_id, std::string(restored.message()));
    }
    return restored;
  });
}

absl::Status Reconciler::Unbind(const std::string& volume_id) {
  return WithStaged(volume_id,
                    [this](const StageRecord& record) { return parts_.publisher.Unbind(record); });
}

absl::Status Reconciler::WithStaged(const std::string& volume_id,
                                    absl::FunctionRef<absl::Status(const StageRecord&)> step) {
  const std::optional<base::Claim> claim = parts_.claims.TryTake(volume_id);
  if (!claim.has_value()) return absl::AbortedError("a call works on the volume");
  const std::optional<StageRecord> record = parts_.records.FindCurrent(volume_id);
  if (!record.has_value() || record->state != StageState::kStaged) return absl::OkStatus();
  return step(*record);
}

// What a repeated call of the orchestrator would do: it finds the old disk dead and begins anew.
absl::Status Reconciler::RestoreRecord(const StageRecord& record, base::Call& call) {
  RETURN_IF_ERROR(parts_.stager.Stage({record.volume_id, record.staging_path, record.capability,
                                       record.publish_context, record.volume_context},
                                      call));
  for (const Publication& publication : record.publications) {
    RETURN_IF_ERROR(parts_.publisher.Publish(
        {record.volume_id, record.staging_path, publication.target_path, publication.capability,
         publication.read_only, record.publish_context},
        call));
  }
  return absl::OkStatus();
}

absl::Status Reconciler::SetIoPolicy(const std::string& volume_id) {
  const std::optional<StageRecord> record = parts_.records.FindCurrent(volume_id);
  if (!record.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(*record));
  ASSIGN_OR_RETURN(const volume::AttachPolicy policy,
                   volume::DecodeVolumeContext(record->volume_context));
  return parts_.attacher.ApplyIoPolicy(target.subsystem, policy);
}

bool Reconciler::IsPromised(const std::string& volume_id) const {
  const std::optional<StageRecord> record = parts_.records.FindCurrent(volume_id);
  return record.has_value() && record->state == StageState::kStaged;
}

}  // namespace nvmeof::node
