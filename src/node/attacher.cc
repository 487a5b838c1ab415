#include "node/attacher.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "node/diagnosis.h"
#include "volume/path.h"
#include "volume/wanted_paths.h"

namespace nvmeof::node {
namespace {

// How long the kernel may take to tell of a namespace by itself. After that a notice of the target
// was lost (an AEN, a uevent), and the controllers are asked to look again, once.
constexpr absl::Duration kSettleTime = absl::Seconds(2);
// And how long that second look may take.
constexpr absl::Duration kRescanTime = absl::Seconds(10);
// How often to look for what the kernel tells by no event: the hidden disk of a path, which comes
// some 50 ms after its controller is live, and its ANA state. Not oftener, because 50 calls that
// wait at once make 500 looks a second of it, each at one subsystem.
constexpr absl::Duration kSilentLook = absl::Milliseconds(100);

bool IsLive(const nvme::Controller& controller) {
  return controller.state == nvme::ControllerState::kLive;
}

// Not there yet, or not yet as wanted: an event may change it.
bool MayStillCome(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsUnavailable(status) ||
         absl::IsFailedPrecondition(status);
}

// That its controllers keep each of its disks at work.
absl::Status RequireServing(const nvme::Subsystem& subsystem) {
  if (absl::c_none_of(subsystem.controllers, IsLive)) {
    return absl::FailedPreconditionError(absl::StrCat(subsystem.nqn, " has no other live path"));
  }
  for (const nvme::Namespace& ns : subsystem.namespaces) {
    if (nvme::IsServed(subsystem, ns.nsid)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("no other path to ", subsystem.nqn, " takes I/O for ", ns.name));
  }
  return absl::OkStatus();
}

// The subsystem with those of its disks that no other controller keeps at work.
nvme::Subsystem WhatGoesWith(const std::vector<nvme::Controller>& controllers,
                             nvme::Subsystem subsystem) {
  nvme::Subsystem staying = subsystem;
  std::erase_if(staying.controllers, [&](const nvme::Controller& each) {
    return absl::c_linear_search(controllers, each);
  });
  std::erase_if(subsystem.namespaces,
                [&](const nvme::Namespace& ns) { return nvme::IsServed(staying, ns.nsid); });
  return subsystem;
}

}  // namespace

mount::Device DeviceOf(const nvme::Namespace& ns) { return {ns.device_path, ns.number}; }

Attacher::Attacher(const NvmeHost& host, ConnectScheduler& scheduler, ConnectionMarks& marks,
                   const mount::Mounter& mounter, base::Workers& workers, const base::Clock& clock)
    : host_(host),
      scheduler_(scheduler),
      marks_(marks),
      connector_(host, scheduler, marks, clock),
      mounter_(mounter),
      workers_(workers),
      clock_(clock) {}

absl::StatusOr<nvme::Namespace> Attacher::Attach(const volume::Target& target,
                                                 const volume::AttachPolicy& policy,
                                                 base::Call& call) {
  const std::optional<base::Claim> claim = claims_.TryTake(target.subsystem.text());
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call works on ", target.subsystem.text()));
  }
  RETURN_IF_ERROR(volume::CheckTransports(target, policy));
  const std::vector<volume::Path> wanted = volume::WantedPaths(target, policy);
  RETURN_IF_ERROR(RequirePossible(wanted, policy));

  RETURN_IF_ERROR(
      call.Measure("connect", [&] { return ConnectEnough(target, policy, wanted, call); }));
  // Before the look, so that no event falls between the look and the wait; not earlier, because the
  // kernel sends each event to all who listen, and with many volumes at once most wait for their
  // turn to connect.
  ASSIGN_OR_RETURN(const std::unique_ptr<nvme::UeventSubscription> events,
                   host_.uevents.Subscribe());
  ASSIGN_OR_RETURN(Found found, call.Measure("namespace", [&] {
    return AwaitReady(target, target.size_bytes, *events, call);
  }));
  if (policy.io_policy.has_value()) {
    RETURN_IF_ERROR(ApplyIoPolicy(found.subsystem, *policy.io_policy));
  }
  return std::move(found.ns);
}

absl::StatusOr<nvme::Namespace> Attacher::Find(const volume::Target& target) const {
  ASSIGN_OR_RETURN(Found found, FindLive(target));
  return std::move(found.ns);
}

absl::StatusOr<Attacher::Found> Attacher::FindLive(const volume::Target& target) const {
  Observation seen{target, {}, std::nullopt, {}};
  ASSIGN_OR_RETURN(seen.subsystem, host_.Look(target.subsystem));
  ASSIGN_OR_RETURN(nvme::Namespace ns, UsableNamespace(seen));
  return Found{*std::move(seen.subsystem), std::move(ns)};
}

absl::StatusOr<std::optional<volume::Nqn>> Attacher::SubsystemOf(base::DeviceNumber number) const {
  ASSIGN_OR_RETURN(const std::vector<nvme::Subsystem> subsystems, host_.topology.All());
  for (const nvme::Subsystem& subsystem : subsystems) {
    for (const nvme::Namespace& ns : subsystem.namespaces) {
      if (ns.number != number) continue;
      ASSIGN_OR_RETURN(volume::Nqn nqn, volume::Nqn::Parse(subsystem.nqn));
      return nqn;
    }
  }
  return std::nullopt;
}

absl::StatusOr<bool> Attacher::IsGone(base::DeviceNumber number) const {
  // tmpfs, btrfs and their like have no block device to begin with.
  if (number.major == 0) return false;
  ASSIGN_OR_RETURN(const bool exists, host_.topology.Exists(number));
  return !exists;
}

absl::StatusOr<nvme::Namespace> Attacher::AwaitSize(const volume::Target& target,
                                                    std::uint64_t size_bytes, base::Call& call) {
  ASSIGN_OR_RETURN(const std::unique_ptr<nvme::UeventSubscription> events,
                   host_.uevents.Subscribe());
  ASSIGN_OR_RETURN(Found found, call.Measure("namespace", [&] {
    return AwaitReady(target, size_bytes, *events, call);
  }));
  return std::move(found.ns);
}

absl::Status Attacher::Detach(const volume::Nqn& subsystem, const std::function<bool()>& unwanted,
                              base::Call& call) {
  return DetachBehind(&Attacher::RequireUnused, subsystem, unwanted, call);
}

absl::Status Attacher::Reap(const volume::Nqn& subsystem, const std::function<bool()>& unwanted,
                            base::Call& call) {
  RETURN_IF_ERROR(DetachBehind(&Attacher::RequireUnopened, subsystem, unwanted, call));
  return marks_.Forget(subsystem, unwanted);
}

absl::Status Attacher::DetachBehind(Gate gate, const volume::Nqn& subsystem,
                                    const std::function<bool()>& unwanted, base::Call& call) {
  const std::optional<base::Claim> claim = claims_.TryTake(subsystem.text());
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call works on ", subsystem.text()));
  }
  const auto pause = scheduler_.PauseFor(subsystem, call.deadline());
  if (pause == nullptr) {
    return absl::DeadlineExceededError(
        absl::StrCat("the kernel is still connecting ", subsystem.text()));
  }
  if (!unwanted()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> found, host_.Look(subsystem));
  const std::vector<nvme::Controller> ours =
      found.has_value() ? OursIn(*found) : std::vector<nvme::Controller>{};
  if (ours.empty()) return marks_.Clear(subsystem);
  RETURN_IF_ERROR((this->*gate)(WhatGoesWith(ours, *found)));
  RETURN_IF_ERROR(call.Measure("disconnect", [&] { return DeleteAll(subsystem, ours, call); }));
  RETURN_IF_ERROR(call.Measure("disconnect", [&] { return AwaitDeletion(subsystem, call); }));
  return marks_.Clear(subsystem);
}

absl::Status Attacher::DropPaths(const volume::Nqn& subsystem,
                                 const std::vector<volume::Path>& paths, base::Call& call) {
  const std::optional<base::Claim> claim = claims_.TryTake(subsystem.text());
  if (!claim.has_value()) {
    return absl::AbortedError(absl::StrCat("another call works on ", subsystem.text()));
  }
  ASSIGN_OR_RETURN(std::optional<nvme::Subsystem> found, host_.Look(subsystem));
  if (!found.has_value()) return absl::OkStatus();
  nvme::Subsystem staying = *found;
  const auto is_dropped = [&](const nvme::Controller& controller) {
    return absl::c_linear_search(paths, controller.path);
  };
  std::erase_if(staying.controllers, is_dropped);
  std::erase_if(found->controllers, std::not_fn(is_dropped));
  if (!found->controllers.empty()) {
    RETURN_IF_ERROR(RequireServing(staying));
    RETURN_IF_ERROR(DeleteAll(subsystem, found->controllers, call));
  }
  for (const volume::Path& path : paths) RETURN_IF_ERROR(marks_.Remove(subsystem, path));
  return absl::OkStatus();
}

absl::Status Attacher::ApplyIoPolicy(const volume::Nqn& subsystem,
                                     const volume::AttachPolicy& policy) {
  if (!policy.io_policy.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> found, host_.Look(subsystem));
  return found.has_value() ? ApplyIoPolicy(*found, *policy.io_policy) : absl::OkStatus();
}

std::vector<nvme::Controller> Attacher::OursIn(const nvme::Subsystem& subsystem) const {
  std::vector<nvme::Controller> ours = subsystem.controllers;
  const absl::StatusOr<volume::Nqn> nqn = volume::Nqn::Parse(subsystem.nqn);
  const auto marked = nqn.ok() ? marks_.Of(*nqn) : std::nullopt;
  if (!marked.has_value()) return ours;
  std::erase_if(ours, [&](const nvme::Controller& controller) {
    return std::find(marked->begin(), marked->end(), controller.path) == marked->end();
  });
  return ours;
}

// What no retry would change: a wish that this target or this kernel cannot meet.
absl::Status Attacher::RequirePossible(const std::vector<volume::Path>& wanted,
                                       const volume::AttachPolicy& policy) const {
  const auto possible = static_cast<int>(wanted.size());
  if (possible < policy.min_paths) {
    return absl::FailedPreconditionError(absl::StrCat("minPaths is ", policy.min_paths,
                                                      ", but the target's portals and the host "
                                                      "sides make ",
                                                      possible, " paths"));
  }
  if (possible == 1) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool multipath, host_.topology.NativeMultipath());
  if (multipath) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      possible,
      " paths are wanted, but this kernel runs with nvme_core.multipath=N and would show each as a "
      "disk of its own, without failover: boot with nvme_core.multipath=Y, or set the parameter "
      "maxPaths to 1"));
}

absl::Status Attacher::ConnectEnough(const volume::Target& target,
                                     const volume::AttachPolicy& policy,
                                     const std::vector<volume::Path>& wanted, base::Call& call) {
  ASSIGN_OR_RETURN(const std::vector<PathProblem> problems,
                   connector_.Connect({.subsystem = target.subsystem,
                                       .wanted = wanted,
                                       .options = policy.connect,
                                       .enough = policy.min_paths,
                                       .priority = ConnectPriority::kFirstPath,
                                       .still_wanted = {}},
                                      call.deadline()));
  for (const PathProblem& problem : problems) {
    base::Log(base::Level::kWarning, "path not connected",
              {{"nqn", target.subsystem.text()},
               {"path", volume::Describe(problem.path)},
               {"error", std::string(problem.cause.message())}});
  }
  // What errno says of a connect is less than what the kernel shows after it.
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> after, host_.Look(target.subsystem));
  const int live = after.has_value() ? nvme::LivePaths(*after, wanted) : 0;
  if (live >= policy.min_paths) return absl::OkStatus();
  std::string causes;
  for (const PathProblem& problem : problems) {
    absl::StrAppend(&causes, "\n  ", volume::Describe(problem.path), ": ", problem.cause.message());
  }
  if (after.has_value()) {
    for (const nvme::Controller& controller : after->controllers) {
      if (IsLive(controller)) continue;
      absl::StrAppend(&causes, "\n  ", volume::Describe(controller.path), ": ", controller.name,
                      " is ", nvme::Name(controller.state), "; the kernel goes on with it");
    }
  }
  return absl::UnavailableError(absl::StrCat(live, " of ", wanted.size(), " paths to ",
                                             target.subsystem.text(), " are live, minPaths is ",
                                             policy.min_paths, causes));
}

absl::Status Attacher::RequireReady(const nvme::Namespace& ns, std::uint64_t size_bytes) const {
  if (ns.size_bytes == 0 || ns.size_bytes < size_bytes) {
    return absl::UnavailableError(absl::StrCat(ns.name, " shows ", ns.size_bytes, " bytes where ",
                                               std::max<std::uint64_t>(size_bytes, 1),
                                               " or more are expected"));
  }
  ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> node,
                   mounter_.BlockDevice(ns.device_path));
  if (node != ns.number) {
    return absl::NotFoundError(absl::StrCat(ns.device_path, " is not the device node of ",
                                            base::Describe(ns.number), " (yet)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Attacher::Found> Attacher::AwaitReady(const volume::Target& target,
                                                     std::uint64_t size_bytes,
                                                     nvme::UeventSubscription& events,
                                                     base::Call& call) {
  absl::Time until = std::min(call.deadline(), clock_.Now() + kSettleTime);
  bool rescanned = false;
  while (true) {
    absl::StatusOr<Found> ready = FindLive(target);
    const bool no_live_path = absl::IsUnavailable(ready.status());
    if (ready.ok()) {
      const absl::Status as_wanted = RequireReady(ready->ns, size_bytes);
      if (as_wanted.ok()) return ready;
      ready = as_wanted;
    }
    if (!MayStillCome(ready.status())) return ready;
    const absl::Time wake = no_live_path ? std::min(until, clock_.Now() + kSilentLook) : until;
    ASSIGN_OR_RETURN(const bool event, events.WaitUntil(wake));
    if (event || wake < until) continue;
    if (clock_.Now() >= call.deadline()) {
      return absl::DeadlineExceededError(ready.status().message());
    }
    if (rescanned) return ready;
    RETURN_IF_ERROR(Rescan(target.subsystem));
    rescanned = true;
    until = std::min(call.deadline(), clock_.Now() + kRescanTime);
  }
}

absl::Status Attacher::Rescan(const volume::Nqn& subsystem) {
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> found, host_.Look(subsystem));
  if (!found.has_value()) return absl::OkStatus();
  for (const nvme::Controller& controller : found->controllers) {
    if (!IsLive(controller)) continue;
    const absl::Status rescanned = host_.fabric.Rescan(controller.name);
    if (!rescanned.ok() && !absl::IsNotFound(rescanned)) return rescanned;
  }
  return absl::OkStatus();
}

absl::Status Attacher::ApplyIoPolicy(const nvme::Subsystem& subsystem, volume::IoPolicy policy) {
  if (subsystem.io_policy == volume::Name(policy)) return absl::OkStatus();
  const absl::Status set = host_.fabric.SetIoPolicy(subsystem.name, policy);
  if (!absl::IsUnimplemented(set)) return set;
  base::Log(base::Level::kInfo, "I/O policy unknown to this kernel, round-robin used instead",
            {{"nqn", subsystem.nqn}, {"policy", std::string(volume::Name(policy))}});
  return host_.fabric.SetIoPolicy(subsystem.name, volume::IoPolicy::kRoundRobin);
}

absl::Status Attacher::RequireUnused(const nvme::Subsystem& subsystem) const {
  for (const nvme::Namespace& ns : subsystem.namespaces) {
    ASSIGN_OR_RETURN(const std::vector<mount::DeviceUse> uses, mounter_.UsesOf(DeviceOf(ns)));
    if (!uses.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat(ns.name, " is still ", mount::DescribeUses(uses)));
    }
    ASSIGN_OR_RETURN(const bool held, host_.topology.HasHolders(ns));
    if (held) {
      return absl::FailedPreconditionError(
          absl::StrCat(ns.name, " is still held by another device or program"));
    }
  }
  return absl::OkStatus();
}

absl::Status Attacher::RequireUnopened(const nvme::Subsystem& subsystem) const {
  RETURN_IF_ERROR(RequireUnused(subsystem));
  for (const nvme::Namespace& ns : subsystem.namespaces) {
    ASSIGN_OR_RETURN(const std::vector<mount::DeviceUse> uses, mounter_.OpenersOf(DeviceOf(ns)));
    if (uses.empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(ns.name, " is still ", mount::Describe(uses.front())));
  }
  return absl::OkStatus();
}

// Our own deletion returns when the controller is gone, and at once where the kernel was deleting
// it already, after ctrl_loss_tmo or for somebody else.
absl::Status Attacher::AwaitDeletion(const volume::Nqn& subsystem, base::Call& call) {
  std::unique_ptr<nvme::UeventSubscription> events;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> left, host_.Look(subsystem));
    if (!left.has_value()) return absl::OkStatus();
    const std::vector<nvme::Controller> still = OursIn(*left);
    if (still.empty()) return absl::OkStatus();
    for (const nvme::Controller& each : still) {
      if (each.state == nvme::ControllerState::kDeleting) continue;
      return absl::UnavailableError(absl::StrCat(each.name, " is still there after its deletion"));
    }
    std::string wait =
        absl::StrCat("the kernel removes ", still.front().name, ", the path to ", subsystem.text(),
                     " over ", volume::Describe(still.front().path), ", and goes on with it");
    if (clock_.Now() >= call.deadline()) return absl::DeadlineExceededError(wait);
    call.WaitsFor(std::move(wait));
    if (events == nullptr) {
      // And look again: it may have gone just before.
      ASSIGN_OR_RETURN(events, host_.uevents.Subscribe());
      continue;
    }
    const absl::Time until = std::min(call.deadline(), clock_.Now() + kSettleTime);
    RETURN_IF_ERROR(events->WaitUntil(until).status());
  }
}

// Side by side, because each may take long: a minute on a network that just died.
absl::Status Attacher::DeleteAll(const volume::Nqn& nqn,
                                 const std::vector<nvme::Controller>& controllers,
                                 base::Call& call) {
  std::vector<absl::AnyInvocable<absl::Status()>> deletions;
  deletions.reserve(controllers.size());
  for (const nvme::Controller& controller : controllers) {
    deletions.emplace_back([&fabric = host_.fabric, nqn, name = controller.name] {
      return base::Annotate(fabric.Disconnect(nqn, name), absl::StrCat("disconnect ", name));
    });
  }
  return workers_.RunTogether(call.deadline(), std::move(deletions));
}

}  // namespace nvmeof::node
