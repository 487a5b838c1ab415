#include "target/pool_watch.h"

#include <utility>

#include "base/log.h"

namespace nvmeof::target {

void PoolWatch::Look() {
  const absl::Status status = room_.Check();
  // Another program has the pool's lock: the next look will tell.
  if (absl::IsAborted(status)) return;
  if (std::exchange(last_, status.code()) == status.code()) return;
  if (status.ok()) {
    base::Log(base::Level::kInfo, "pool takes volumes again");
  } else {
    base::Log(base::Level::kWarning, "pool takes no volumes", {{"reason", status.ToString()}});
  }
}

}  // namespace nvmeof::target
