// Health: what a probe of Kubernetes is told about this process.
//
// /healthz, live: the process answers, and its clients still find it. It fails only for what a
// restart cures, as a probe that fails restarts the container: a CSI socket whose file somebody
// removed. It does not look at devices, storage or workers: a call that hangs in the kernel hangs
// on after a restart, too, and workers that are all busy are busy with such calls; a restart would
// only take away the answers that others still get.
//
// /readyz, ready: it can do its work. Fails while it is not, and says why.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"

#include "server/http_server.h"

namespace nvmeof::server {

// Must not block: one thread serves all pages.
using HealthCheck = std::function<absl::Status()>;

// Status 200 when the check is OK, otherwise 503 and its message in one line.
[[nodiscard]] std::map<std::string, HttpPage> HealthPages(HealthCheck live, HealthCheck ready);

}  // namespace nvmeof::server
