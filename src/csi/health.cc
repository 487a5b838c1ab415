#include "csi/health.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "base/errno_status.h"

namespace nvmeof::csi {
namespace {

// The usual patience of a liveness probe.
constexpr absl::Duration kPatience = absl::Seconds(1);

bool Answers(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status);
}

}  // namespace

absl::Status CheckFabricsDevice(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat(path, " (module nvme-fabrics)"));
}

absl::Status CheckBackends(const backend::Backends& backends, const base::Clock& clock) {
  const absl::Duration share = kPatience / static_cast<std::int64_t>(backends.all().size());
  std::vector<std::string> failures;
  const auto ask = [](backend::Backend& backend, absl::Time deadline) {
    return backend.abilities().capacity ? backend.GetCapacity({}, deadline).status()
                                        : backend.List(deadline).status();
  };
  for (const backend::NamedBackend& named : backends.all()) {
    const absl::Status status = ask(*named.backend, clock.Now() + share);
    if (Answers(status)) return absl::OkStatus();
    failures.push_back(absl::StrCat(named.name, ": ", status.message()));
  }
  return absl::UnavailableError(
      absl::StrCat("no backend answers: ", absl::StrJoin(failures, "; ")));
}

}  // namespace nvmeof::csi
