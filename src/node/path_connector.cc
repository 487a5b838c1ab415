#include "node/path_connector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "nvme/portal_probe.h"

namespace nvmeof::node {
namespace {

// As long as the kernel itself waits for a portal that drops packets; enough for a lost SYN to be
// sent again.
constexpr absl::Duration kProbeTime = absl::Seconds(3);

// Over Fibre Channel the kernel's connect succeeds also where the target said no: it goes on with
// the path by itself, or drops it.
absl::Status RequireLive(const NvmeHost& host, const volume::Nqn& subsystem,
                         const volume::Path& path) {
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> found, host.Look(subsystem));
  if (found.has_value() && nvme::LivePaths(*found, {path}) > 0) return absl::OkStatus();
  return absl::UnavailableError(
      "the kernel took the path, but it is not live: the target does not answer, knows no such "
      "subsystem or does not allow this host; the kernel log tells which");
}

}  // namespace

absl::StatusOr<std::vector<PathProblem>> PathConnector::Connect(const ConnectTask& task,
                                                                absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> before, host_.Look(task.subsystem));
  int live = before.has_value() ? nvme::LivePaths(*before, task.wanted) : 0;
  std::vector<volume::Path> pending =
      before.has_value() ? nvme::MissingPaths(*before, task.wanted) : task.wanted;
  // What cannot be asked may hold the kernel for more than a minute, so it is tried only where what
  // can be asked is not enough.
  std::stable_partition(pending.begin(), pending.end(), nvme::IsProbed);
  RETURN_IF_ERROR(marks_.Add(task.subsystem, {}));

  std::vector<PathProblem> problems;
  while (live < task.enough && !pending.empty()) {
    // A new budget each time: the kernel may have held the connect before this for a minute.
    const std::vector<absl::Status> answers = host_.probe.Probe(
        pending, task.enough - live, std::min(deadline, clock_.Now() + kProbeTime));
    std::vector<volume::Path> slower;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const bool slow = absl::IsDeadlineExceeded(answers[i]);
      if (slow) slower.push_back(pending[i]);
      if (slow || live >= task.enough) continue;
      absl::Status connected = answers[i];
      if (connected.ok()) {
        connected = scheduler_.Connect({task.subsystem, pending[i], task.options}, task.priority,
                                       deadline, task.still_wanted);
        if (connected.ok() && !nvme::IsProbed(pending[i])) {
          connected = RequireLive(host_, task.subsystem, pending[i]);
        }
      }
      if (connected.ok()) {
        ++live;
      } else if (!absl::IsAlreadyExists(connected)) {
        problems.push_back({pending[i], std::move(connected)});
      }
    }
    if (slower.size() == pending.size()) {
      for (std::size_t i = 0; i < pending.size(); ++i) problems.push_back({pending[i], answers[i]});
      break;
    }
    pending = std::move(slower);
  }
  return problems;
}

}  // namespace nvmeof::node
