#include "nvme/topology.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nvmeof::nvme {

namespace {

constexpr std::array<std::pair<ControllerState, absl::string_view>, 7> kStates = {{
    {ControllerState::kNew, "new"},
    {ControllerState::kLive, "live"},
    {ControllerState::kResetting, "resetting"},
    {ControllerState::kConnecting, "connecting"},
    {ControllerState::kDeleting, "deleting"},
    {ControllerState::kDead, "dead"},
    {ControllerState::kUnknown, "unknown"},
}};

template <typename T>
bool Agrees(const std::optional<T>& known, const std::optional<T>& wanted) {
  return !known.has_value() || !wanted.has_value() || *known == *wanted;
}

template <typename T>
bool Proves(const std::optional<T>& known, const std::optional<T>& wanted) {
  return known.has_value() && known == wanted;
}

// The namespace that the wanted identity speaks of, by its strongest member that finds one.
const Namespace* Candidate(const std::vector<Namespace>& all,
                           const volume::NamespaceIdentity& wanted) {
  const auto first = [&](auto is_it) -> const Namespace* {
    const auto found = std::find_if(all.begin(), all.end(), is_it);
    return found == all.end() ? nullptr : &*found;
  };
  if (const auto* ns = first([&](const auto& each) { return Proves(each.uuid, wanted.uuid); })) {
    return ns;
  }
  if (const auto* ns = first([&](const auto& each) { return Proves(each.nguid, wanted.nguid); })) {
    return ns;
  }
  if (wanted.nsid.has_value()) {
    return first([&](const auto& each) { return each.nsid == *wanted.nsid; });
  }
  return all.size() == 1 ? &all.front() : nullptr;
}

// An NSID proves a namespace only where no UUID or NGUID is wanted: the target may have given the
// number to another volume meanwhile.
bool IsWanted(const Namespace& ns, const volume::NamespaceIdentity& wanted) {
  if (!Agrees(ns.uuid, wanted.uuid) || !Agrees(ns.nguid, wanted.nguid)) return false;
  if (wanted.nsid.has_value() && *wanted.nsid != ns.nsid) return false;
  if (!wanted.uuid.has_value() && !wanted.nguid.has_value()) return wanted.nsid.has_value();
  return Proves(ns.uuid, wanted.uuid) || Proves(ns.nguid, wanted.nguid);
}

bool KeepsItsPath(const Controller& controller) {
  return controller.state != ControllerState::kDeleting &&
         controller.state != ControllerState::kDead;
}

}  // namespace

ControllerState ParseControllerState(absl::string_view text) {
  if (text == "deleting (no IO)") return ControllerState::kDeleting;
  for (const auto& [state, name] : kStates) {
    if (name == text) return state;
  }
  return ControllerState::kUnknown;
}

absl::string_view Name(ControllerState state) {
  for (const auto& [each, name] : kStates) {
    if (each == state) return name;
  }
  return "unknown";
}

NamespaceMatch FindNamespace(const Subsystem& subsystem, const volume::NamespaceIdentity& wanted) {
  const Namespace* candidate = Candidate(subsystem.namespaces, wanted);
  if (candidate == nullptr) return {Identity::kAbsent, std::nullopt};
  return {IsWanted(*candidate, wanted) ? Identity::kMatch : Identity::kWrong, *candidate};
}

std::vector<volume::Path> MissingPaths(const Subsystem& subsystem,
                                       const std::vector<volume::Path>& wanted) {
  std::vector<volume::Path> missing;
  for (const volume::Path& path : wanted) {
    if (std::none_of(
            subsystem.controllers.begin(), subsystem.controllers.end(),
            [&](const Controller& each) { return each.path == path && KeepsItsPath(each); })) {
      missing.push_back(path);
    }
  }
  return missing;
}

int LivePaths(const Subsystem& subsystem, const std::vector<volume::Path>& wanted) {
  return static_cast<int>(
      std::count_if(wanted.begin(), wanted.end(), [&](const volume::Path& path) {
        return std::any_of(subsystem.controllers.begin(), subsystem.controllers.end(),
                           [&](const Controller& each) {
                             return each.path == path && each.state == ControllerState::kLive;
                           });
      }));
}

bool IsServed(const Subsystem& subsystem, std::uint32_t nsid) {
  return std::any_of(
      subsystem.controllers.begin(), subsystem.controllers.end(), [nsid](const Controller& each) {
        return each.state == ControllerState::kLive &&
               std::find(each.serves.begin(), each.serves.end(), nsid) != each.serves.end();
      });
}

}  // namespace nvmeof::nvme
