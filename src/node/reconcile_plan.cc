#include "node/reconcile_plan.h"

#include <set>
#include <utility>

#include "absl/algorithm/container.h"

namespace nvmeof::node {
namespace {

std::vector<volume::Path> Missing(const Observation& seen) {
  return seen.subsystem.has_value() ? nvme::MissingPaths(*seen.subsystem, seen.wanted)
                                    : seen.wanted;
}

// A kernel that knows no queue-depth got round-robin in its place.
bool HasIoPolicy(const nvme::Subsystem& subsystem, volume::IoPolicy policy) {
  return subsystem.io_policy == volume::Name(policy) ||
         (policy == volume::IoPolicy::kQueueDepth &&
          subsystem.io_policy == volume::Name(volume::IoPolicy::kRoundRobin));
}

// The volume's disk is not there, but a device node that was bound for it is. The node is only a
// number, which the kernel may have given to another disk.
bool HasDanglingNode(const Observation& seen, Diagnosis diagnosis) {
  const bool no_disk =
      diagnosis == Diagnosis::kWrongIdentity || diagnosis == Diagnosis::kNoNamespace ||
      diagnosis == Diagnosis::kNoController || diagnosis == Diagnosis::kNoSubsystem;
  return no_disk && absl::c_any_of(seen.endpoints, [](const Endpoint& endpoint) {
           return endpoint.device.has_value();
         });
}

// Some live path has no disk for the volume: the target's notice of a namespace may have been lost.
bool LacksPathDisk(const Observation& seen, Diagnosis diagnosis) {
  if (diagnosis == Diagnosis::kNoNamespace) return true;
  if (diagnosis != Diagnosis::kNoLivePath) return false;
  const auto match = nvme::FindNamespace(*seen.subsystem, seen.target.identity);
  if (!match.found.has_value()) return false;
  return absl::c_any_of(seen.subsystem->controllers, [&](const nvme::Controller& each) {
    return each.state == nvme::ControllerState::kLive &&
           !absl::c_linear_search(each.closed, match.found->nsid);
  });
}

// Ours, and no longer wanted; only once as many wanted paths are live as the volume needs.
std::vector<volume::Path> Surplus(const PromisedVolume& promised,
                                  const std::vector<volume::Path>& marked) {
  std::vector<volume::Path> surplus;
  const Observation& seen = promised.seen;
  if (nvme::LivePaths(*seen.subsystem, seen.wanted) < promised.policy.min_paths) return surplus;
  for (const nvme::Controller& controller : seen.subsystem->controllers) {
    if (absl::c_linear_search(marked, controller.path) &&
        !absl::c_linear_search(seen.wanted, controller.path)) {
      surplus.push_back(controller.path);
    }
  }
  return surplus;
}

}  // namespace

absl::string_view Name(Action::Kind kind) {
  switch (kind) {
    case Action::Kind::kConnect:
      return "connect";
    case Action::Kind::kRescan:
      return "rescan";
    case Action::Kind::kRestore:
      return "restore";
    case Action::Kind::kUnbind:
      return "unbind";
    case Action::Kind::kSetIoPolicy:
      return "set I/O policy";
    case Action::Kind::kDrop:
      return "drop";
    case Action::Kind::kReap:
      return "reap";
  }
  return "unknown";
}

std::vector<Action> PlanVolume(const PromisedVolume& promised,
                               const std::vector<volume::Path>& marked) {
  std::vector<Action> actions;
  if (promised.state != StageState::kStaged) return actions;
  const Observation& seen = promised.seen;
  const auto add = [&](Action::Kind kind, std::vector<volume::Path> paths = {}) -> Action& {
    actions.push_back(
        {kind, seen.target.subsystem.text(), promised.volume_id, std::move(paths), false, false});
    return actions.back();
  };

  const Diagnosis diagnosis = Diagnose(seen).diagnosis;
  if (!promised.held && HasDanglingNode(seen, diagnosis)) add(Action::Kind::kUnbind);
  // More paths to a namespace that is not ours would help nobody.
  if (diagnosis == Diagnosis::kWrongIdentity) return actions;
  if (std::vector<volume::Path> missing = Missing(seen); !missing.empty()) {
    Action& connect = add(Action::Kind::kConnect, std::move(missing));
    connect.kernel_gave_up =
        diagnosis == Diagnosis::kNoSubsystem || diagnosis == Diagnosis::kNoController;
    connect.without_live_path = connect.kernel_gave_up || diagnosis == Diagnosis::kNoLivePath;
  }
  if (LacksPathDisk(seen, diagnosis)) add(Action::Kind::kRescan);
  const bool usable = diagnosis == Diagnosis::kHealthy || diagnosis == Diagnosis::kDegraded;
  if (diagnosis == Diagnosis::kStaleEndpoint || (usable && !promised.held)) {
    add(Action::Kind::kRestore);
  }
  if (!seen.subsystem.has_value() || seen.subsystem->controllers.empty()) return actions;
  if (promised.policy.io_policy.has_value() &&
      !HasIoPolicy(*seen.subsystem, *promised.policy.io_policy)) {
    add(Action::Kind::kSetIoPolicy);
  }
  if (std::vector<volume::Path> surplus = Surplus(promised, marked); !surplus.empty()) {
    add(Action::Kind::kDrop, std::move(surplus));
  }
  return actions;
}

std::vector<Action> PlanReconcile(const Picture& picture) {
  std::vector<Action> actions;
  std::set<std::string> promised_subsystems;
  // A path that one volume of a subsystem no longer wants may be another one's.
  std::map<std::string, std::vector<volume::Path>> unwanted = picture.marks;
  for (const PromisedVolume& promised : picture.promised) {
    const std::string& nqn = promised.seen.target.subsystem.text();
    promised_subsystems.insert(nqn);
    if (const auto marks = unwanted.find(nqn); marks != unwanted.end()) {
      std::erase_if(marks->second, [&](const volume::Path& path) {
        return absl::c_linear_search(promised.seen.wanted, path) ||
               promised.state != StageState::kStaged;
      });
    }
  }
  std::set<std::string> with_io_policy;
  for (const PromisedVolume& promised : picture.promised) {
    const std::string& nqn = promised.seen.target.subsystem.text();
    const auto marks = unwanted.find(nqn);
    const std::vector<volume::Path> none;
    const bool decides = promised.state == StageState::kStaged &&
                         promised.policy.io_policy.has_value() && with_io_policy.insert(nqn).second;
    for (Action& action : PlanVolume(promised, marks == unwanted.end() ? none : marks->second)) {
      // Two volumes that wish different ones would change it back and forth for ever.
      if (action.kind == Action::Kind::kSetIoPolicy && !decides) continue;
      actions.push_back(std::move(action));
    }
  }
  for (const auto& [nqn, paths] : picture.marks) {
    if (promised_subsystems.contains(nqn)) continue;
    actions.push_back({Action::Kind::kReap, nqn, "", paths, false, false});
  }
  return actions;
}

}  // namespace nvmeof::node
