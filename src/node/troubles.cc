#include "node/troubles.h"

#include <utility>

namespace nvmeof::node {

void Troubles::Note(const std::string& volume_id, std::string message) {
  const absl::MutexLock lock(&mutex_);
  if (messages_.insert_or_assign(volume_id, std::move(message)).second) {
    order_.push_back(volume_id);
  }
  while (order_.size() > kMost) {
    messages_.erase(order_.front());
    order_.pop_front();
  }
}

void Troubles::Clear(absl::string_view volume_id) {
  const absl::MutexLock lock(&mutex_);
  const auto found = messages_.find(volume_id);
  if (found == messages_.end()) return;
  std::erase(order_, found->first);
  messages_.erase(found);
}

std::optional<std::string> Troubles::Of(absl::string_view volume_id) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = messages_.find(volume_id);
  if (found == messages_.end()) return std::nullopt;
  return found->second;
}

}  // namespace nvmeof::node
