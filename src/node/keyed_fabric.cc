#include "node/keyed_fabric.h"

namespace nvmeof::node {

void KeyedFabric::Use(const volume::Nqn& subsystem, const volume::AuthenticationKeys& keys) {
  const absl::MutexLock lock(&mutex_);
  keys_.insert_or_assign(subsystem, keys);
}

void KeyedFabric::Forget(const volume::Nqn& subsystem, const std::function<bool()>& unwanted) {
  const absl::MutexLock lock(&mutex_);
  if (unwanted()) keys_.erase(subsystem);
}

absl::Status KeyedFabric::Connect(const nvme::ConnectRequest& request) {
  nvme::ConnectRequest keyed = request;
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto found = keys_.find(request.subsystem); found != keys_.end()) {
      keyed.keys = found->second;
    }
  }
  return fabric_.Connect(keyed);
}

}  // namespace nvmeof::node
