#include "node/portal_finder.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "volume/path.h"
#include "volume/wanted_paths.h"

namespace nvmeof::node {
namespace {

constexpr std::size_t kMostControllers = 32;
constexpr std::size_t kMostPortals = 256;
// For one controller from one host side. A log of thousands of records comes in 4 KiB a round trip.
constexpr absl::Duration kReadTime = absl::Seconds(10);

using Logs = std::vector<absl::StatusOr<nvme::DiscoveryLog>>;

void AddOnce(std::vector<volume::Portal>& portals, const volume::Portal& portal) {
  if (!absl::c_linear_search(portals, portal)) portals.push_back(portal);
}

absl::StatusOr<nvme::DiscoveryLog> ReadFrom(nvme::Discovery& discovery,
                                            const std::vector<volume::Path>& paths,
                                            const base::Clock& clock, absl::Time deadline) {
  std::vector<std::string> causes;
  for (const volume::Path& path : paths) {
    absl::StatusOr<nvme::DiscoveryLog> log =
        discovery.Read(path, std::min(deadline, clock.Now() + kReadTime));
    if (log.ok()) return log;
    causes.push_back(absl::StrCat(volume::Describe(path), ": ", log.status().message()));
  }
  return absl::UnavailableError(absl::StrJoin(causes, "; "));
}

// What the logs that were read so far say of one subsystem.
class Search {
 public:
  explicit Search(const volume::Target& target)
      : nqn_(target.subsystem.text()), next_(target.discovery), found_{target.portals, {}} {}

  // The controllers that are to be asked next, each once.
  std::vector<volume::Portal> TakeNext() {
    const std::size_t left = kMostControllers - asked_.size();
    if (next_.size() > left) {
      found_.unread.push_back(absl::StrCat("more than ", kMostControllers,
                                           " discovery controllers: the others were not asked"));
      next_.resize(left);
    }
    asked_.insert(asked_.end(), next_.begin(), next_.end());
    return std::exchange(next_, {});
  }

  void Add(const volume::Portal& controller, const absl::StatusOr<nvme::DiscoveryLog>& log) {
    if (!log.ok()) {
      found_.unread.push_back(std::string(log.status().message()));
      return;
    }
    int others = 0;
    int unusable = 0;
    for (const nvme::DiscoveryEntry& entry : log->entries) {
      if (entry.kind == nvme::DiscoveryKind::kReferral) {
        if (entry.portal.has_value()) Refer(*entry.portal);
      } else if (entry.kind == nvme::DiscoveryKind::kSubsystem && entry.nqn != nqn_) {
        ++others;
      } else if (entry.kind == nvme::DiscoveryKind::kSubsystem) {
        if (entry.portal.has_value()) AddOnce(found_.portals, *entry.portal);
        if (!entry.portal.has_value()) ++unusable;
      }
    }
    read_.push_back(absl::StrCat(volume::FormatPortal(controller), " names ", others,
                                 " ways to other subsystems",
                                 unusable > 0 ? ", and none over TCP to this one" : ""));
  }

  absl::StatusOr<FoundPortals> Result(const nvme::HostIdentity& host) && {
    if (found_.portals.size() > kMostPortals) {
      return absl::ResourceExhaustedError(absl::StrCat(nqn_, " has ", found_.portals.size(),
                                                       " portals by its discovery controllers",
                                                       ", more than ", kMostPortals));
    }
    if (!found_.portals.empty()) return std::move(found_);
    std::vector<std::string> said = read_;
    said.insert(said.end(), found_.unread.begin(), found_.unread.end());
    const std::string message = absl::StrCat(
        "no discovery controller names a portal of ", nqn_, ": ", absl::StrJoin(said, "; "),
        "; many name only what a host may use: allow host ", host.nqn.text(),
        " to use the subsystem in the storage system, or give its portals by hand");
    return found_.unread.empty() ? absl::NotFoundError(message) : absl::UnavailableError(message);
  }

 private:
  void Refer(const volume::Portal& controller) {
    if (!absl::c_linear_search(asked_, controller)) AddOnce(next_, controller);
  }

  const std::string nqn_;
  std::vector<volume::Portal> next_;
  std::vector<volume::Portal> asked_;
  std::vector<std::string> read_;
  FoundPortals found_;
};

}  // namespace

absl::StatusOr<FoundPortals> PortalFinder::Find(const volume::Target& target,
                                                const volume::AttachPolicy& policy,
                                                absl::Time deadline) {
  Search search(target);
  for (auto controllers = search.TakeNext(); !controllers.empty();
       controllers = search.TakeNext()) {
    ASSIGN_OR_RETURN(const Logs logs, ReadAll(controllers, policy, deadline));
    for (std::size_t i = 0; i < controllers.size(); ++i) search.Add(controllers[i], logs[i]);
  }
  return std::move(search).Result(host_);
}

absl::StatusOr<volume::Target> PortalFinder::Complete(volume::Target target,
                                                      const volume::AttachPolicy& policy,
                                                      const std::vector<volume::Portal>& known,
                                                      absl::Time deadline) {
  absl::StatusOr<FoundPortals> found = Find(target, policy, deadline);
  if (!found.ok() && known.empty()) return found.status();
  target.discovery.clear();
  if (found.ok()) target.portals = std::move(found->portals);
  if (found.ok() && found->unread.empty()) return target;
  base::Log(base::Level::kWarning, "not all could be discovered, known portals are kept",
            {{"nqn", target.subsystem.text()},
             {"why", found.ok() ? absl::StrJoin(found->unread, "; ")
                                : std::string(found.status().message())}});
  for (const volume::Portal& portal : known) AddOnce(target.portals, portal);
  return target;
}

absl::StatusOr<Logs> PortalFinder::ReadAll(const std::vector<volume::Portal>& controllers,
                                           const volume::AttachPolicy& policy,
                                           absl::Time deadline) {
  // A step that is left behind at the deadline still writes its own.
  const auto logs = std::make_shared<Logs>(controllers.size(), absl::UnknownError("not read"));
  volume::AttachPolicy all_sides = policy;
  all_sides.max_paths = 0;
  std::vector<absl::AnyInvocable<absl::Status()>> steps;
  steps.reserve(controllers.size());
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    volume::Target controller = {*volume::Nqn::Parse(nvme::kDiscoveryNqn), {}, {controllers[i]}};
    std::vector<volume::Path> paths = volume::WantedPaths(controller, all_sides);
    if (paths.empty()) {
      (*logs)[i] = absl::UnavailableError(
          absl::StrCat(volume::FormatPortal(controllers[i]),
                       ": hostTraddr has no address of its IP family to ask it from"));
      continue;
    }
    steps.emplace_back(
        [&discovery = discovery_, &clock = clock_, logs, i, paths = std::move(paths), deadline] {
          (*logs)[i] = ReadFrom(discovery, paths, clock, deadline);
          return absl::OkStatus();
        });
  }
  if (!steps.empty()) {
    RETURN_IF_ERROR(base::Annotate(workers_.RunTogether(deadline, std::move(steps)),
                                   "asking the discovery controllers"));
  }
  return *logs;
}

}  // namespace nvmeof::node
