#include "node/diagnosis.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nvmeof::node {
namespace {

std::string Describe(const volume::NamespaceIdentity& identity) {
  std::vector<std::string> parts;
  if (identity.uuid.has_value()) parts.push_back(absl::StrCat("uuid ", identity.uuid->Dashed()));
  if (identity.nguid.has_value()) parts.push_back(absl::StrCat("nguid ", identity.nguid->Hex()));
  if (identity.nsid.has_value()) parts.push_back(absl::StrCat("nsid ", *identity.nsid));
  return absl::StrJoin(parts, ", ");
}

std::string Describe(const nvme::Namespace& ns) {
  return absl::StrCat(ns.name, " (",
                      Describe(volume::NamespaceIdentity{ns.uuid, ns.nguid, ns.nsid}), ")");
}

template <typename... Words>
Condition Say(Diagnosis diagnosis, const Words&... words) {
  return {diagnosis, absl::StrCat(Name(diagnosis), ": ", words...)};
}

bool AnyLive(const nvme::Subsystem& subsystem) {
  return std::any_of(subsystem.controllers.begin(), subsystem.controllers.end(),
                     [](const auto& each) { return each.state == nvme::ControllerState::kLive; });
}

std::string State(const nvme::Controller& controller) {
  return absl::StrCat(volume::Describe(controller.path), " is ", nvme::Name(controller.state));
}

std::string States(const nvme::Subsystem& subsystem) {
  return absl::StrJoin(
      subsystem.controllers, ", ",
      [](std::string* out, const nvme::Controller& each) { absl::StrAppend(out, State(each)); });
}

// Why each of the controllers takes no I/O for the namespace.
std::string NotServing(const nvme::Subsystem& subsystem, std::uint32_t nsid) {
  return absl::StrJoin(
      subsystem.controllers, ", ", [nsid](std::string* out, const nvme::Controller& each) {
        absl::StrAppend(out, State(each));
        if (each.state != nvme::ControllerState::kLive) return;
        absl::StrAppend(out, absl::c_linear_search(each.closed, nsid)
                                 ? " with ANA state inaccessible or persistent-loss"
                                 : " without this namespace");
      });
}

// The wanted paths that are not live, each with what the kernel does about it.
std::string NotLive(const nvme::Subsystem& subsystem, const std::vector<volume::Path>& wanted) {
  std::vector<std::string> parts;
  for (const volume::Path& path : wanted) {
    if (nvme::LivePaths(subsystem, {path}) > 0) continue;
    const auto controller = std::find_if(subsystem.controllers.begin(), subsystem.controllers.end(),
                                         [&](const auto& each) { return each.path == path; });
    parts.push_back(absl::StrCat(volume::Describe(path), " is ",
                                 controller == subsystem.controllers.end()
                                     ? "not connected"
                                     : nvme::Name(controller->state)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string Describe(const Endpoint& endpoint, const nvme::Namespace& ns) {
  if (!endpoint.device.has_value()) return absl::StrCat(endpoint.path, " has nothing mounted");
  return absl::StrCat(endpoint.path, " is on ", base::Describe(*endpoint.device), ", while ",
                      ns.name, " is ", base::Describe(ns.number));
}

}  // namespace

absl::string_view Name(Diagnosis diagnosis) {
  switch (diagnosis) {
    case Diagnosis::kHealthy:
      return "Healthy";
    case Diagnosis::kDegraded:
      return "Degraded";
    case Diagnosis::kStaleEndpoint:
      return "StaleEndpoint";
    case Diagnosis::kNoNamespace:
      return "NoNamespace";
    case Diagnosis::kWrongIdentity:
      return "WrongIdentity";
    case Diagnosis::kNoLivePath:
      return "NoLivePath";
    case Diagnosis::kNoController:
      return "NoController";
    case Diagnosis::kNoSubsystem:
      return "NoSubsystem";
  }
  return "Unknown";
}

Condition Diagnose(const Observation& seen) {
  const std::string& nqn = seen.target.subsystem.text();
  if (!seen.subsystem.has_value()) {
    return Say(Diagnosis::kNoSubsystem, nqn, " is not connected");
  }
  const nvme::Subsystem& subsystem = *seen.subsystem;
  if (subsystem.controllers.empty()) {
    return Say(Diagnosis::kNoController, nqn, " has no connection");
  }
  const nvme::NamespaceMatch match = nvme::FindNamespace(subsystem, seen.target.identity);
  if (match.identity == nvme::Identity::kWrong) {
    return Say(Diagnosis::kWrongIdentity, Describe(*match.found), " answers where ",
               Describe(seen.target.identity),
               " is wanted; it is another volume and was not touched");
  }
  if (!AnyLive(subsystem)) {
    return Say(Diagnosis::kNoLivePath, "no path to ", nqn, " is live: ", States(subsystem));
  }
  if (match.identity == nvme::Identity::kAbsent) {
    return Say(Diagnosis::kNoNamespace, nqn, " shows no namespace with ",
               Describe(seen.target.identity));
  }
  if (!nvme::IsServed(subsystem, match.found->nsid)) {
    return Say(Diagnosis::kNoLivePath, "no path to ", nqn, " takes I/O for ", match.found->name,
               ": ", NotServing(subsystem, match.found->nsid));
  }
  for (const Endpoint& endpoint : seen.endpoints) {
    if (endpoint.device == match.found->number) continue;
    return Say(Diagnosis::kStaleEndpoint, Describe(endpoint, *match.found));
  }
  const int live = nvme::LivePaths(subsystem, seen.wanted);
  if (live < static_cast<int>(seen.wanted.size())) {
    return Say(Diagnosis::kDegraded, live, " of ", seen.wanted.size(), " paths to ", nqn,
               " are live: ", NotLive(subsystem, seen.wanted));
  }
  return Say(Diagnosis::kHealthy, seen.wanted.size(), " paths to ", nqn, " are live");
}

absl::StatusOr<nvme::Namespace> UsableNamespace(const Observation& seen) {
  Condition condition = Diagnose(seen);
  switch (condition.diagnosis) {
    case Diagnosis::kHealthy:
    case Diagnosis::kDegraded:
    case Diagnosis::kStaleEndpoint:
      return *nvme::FindNamespace(*seen.subsystem, seen.target.identity).found;
    case Diagnosis::kWrongIdentity:
      return absl::FailedPreconditionError(condition.message);
    case Diagnosis::kNoLivePath:
      return absl::UnavailableError(condition.message);
    case Diagnosis::kNoNamespace:
    case Diagnosis::kNoController:
    case Diagnosis::kNoSubsystem:
      break;
  }
  return absl::NotFoundError(condition.message);
}

}  // namespace nvmeof::node
