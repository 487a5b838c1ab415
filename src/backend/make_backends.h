// MakeBackends: the backends that a configuration speaks of. The one place that knows all types.
#pragma once

#include "backend/backends.h"
#include "backend/backends_config.h"
#include "base/clock.h"

namespace nvmeof::backend {

// Reaches out to nobody yet. The backends borrow the clock.
[[nodiscard]] Backends MakeBackends(const BackendsConfig& config, base::Clock& clock);

}  // namespace nvmeof::backend
