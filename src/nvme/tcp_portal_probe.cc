#include "nvme/tcp_portal_probe.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "nvme/portal_attempt.h"

namespace nvmeof::nvme {
namespace {

constexpr absl::Duration kShortestGrace = absl::Milliseconds(5);

// The attempts of one probe: they begin together, and it waits for them together.
class Round {
 public:
  explicit Round(const std::vector<volume::Path>& paths) {
    for (const volume::Path& path : paths) {
      if (IsProbed(path)) attempts_.emplace_back(path);
    }
  }

  int Answered() const {
    return static_cast<int>(std::count_if(attempts_.begin(), attempts_.end(), [](const auto& each) {
      return each.done() && each.result().ok();
    }));
  }

  // Waits for one event at most this long, and goes on with those that had one. False when there is
  // nothing left to wait for.
  bool Continue(absl::Duration longest) {
    std::vector<PortalAttempt*> open;
    std::vector<pollfd> polls;
    for (PortalAttempt& attempt : attempts_) {
      if (attempt.done()) continue;
      open.push_back(&attempt);
      polls.push_back({attempt.fd(), attempt.events(), 0});
    }
    if (open.empty()) return false;
    const timespec timeout = absl::ToTimespec(std::min(longest, absl::Hours(1)));
    const int ready = ::ppoll(polls.data(), polls.size(), &timeout, nullptr);
    if (ready < 0 && errno != EINTR) {
      EndOpen(absl::ResourceExhaustedError(base::ErrnoStatus(errno, "wait for portals").message()));
    }
    for (std::size_t i = 0; ready > 0 && i < polls.size(); ++i) {
      if (polls[i].revents != 0) open[i]->Continue();
    }
    return true;
  }

  void EndOpen(const absl::Status& result) {
    for (PortalAttempt& attempt : attempts_) {
      if (!attempt.done()) attempt.End(result);
    }
  }

  void EndOpenAsSilent() {
    for (PortalAttempt& attempt : attempts_) {
      if (!attempt.done()) attempt.EndAsSilent();
    }
  }

  std::vector<absl::Status> Results(const std::vector<volume::Path>& paths) const {
    std::vector<absl::Status> results;
    results.reserve(paths.size());
    auto next = attempts_.begin();
    for (const volume::Path& path : paths) {
      results.push_back(IsProbed(path) ? (next++)->result() : absl::OkStatus());
    }
    return results;
  }

 private:
  std::deque<PortalAttempt> attempts_;  // cannot move
};

}  // namespace

std::vector<absl::Status> TcpPortalProbe::Probe(const std::vector<volume::Path>& paths, int enough,
                                                absl::Time deadline) {
  const absl::Time start = clock_.Now();
  if (start >= deadline) {
    std::vector<absl::Status> results(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!IsProbed(paths[i])) continue;
      results[i] = absl::DeadlineExceededError("no time was left to ask the portal");
    }
    return results;
  }
  Round round(paths);
  absl::Time end = deadline;
  for (absl::Time now = clock_.Now(); now < end; now = clock_.Now()) {
    if (end == deadline && round.Answered() >= enough) {
      end = std::min(deadline, now + std::max(kShortestGrace, 2 * (now - start)));
    }
    if (!round.Continue(end - now)) break;
  }
  if (end < deadline) {
    round.EndOpen(absl::DeadlineExceededError(
        absl::StrCat("had not answered after ", absl::FormatDuration(clock_.Now() - start),
                     ", when ", round.Answered(), " others had and ", enough, " were enough")));
  }
  round.EndOpenAsSilent();
  return round.Results(paths);
}

}  // namespace nvmeof::nvme
