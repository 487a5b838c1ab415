// MakeBackends: the backends that a configuration speaks of. The one place that knows all types.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "backend/backends.h"
#include "backend/backends_config.h"
#include "base/clock.h"

namespace nvmeof::backend {

// Reaches out to nobody yet. The backends borrow the clock. Each is a BoundedBackend that takes
// half of the `callers` (threads that may call at once; at least 4), so that one that hangs leaves
// as many to the others.
[[nodiscard]] Backends MakeBackends(const BackendsConfig& config, int callers, base::Clock& clock);

// One of them, without bounds.
[[nodiscard]] std::unique_ptr<Backend> MakeBackend(const BackendConfig& config, base::Clock& clock);

}  // namespace nvmeof::backend
