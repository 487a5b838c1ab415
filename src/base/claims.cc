#include "base/claims.h"

namespace nvmeof::base {

Claim::Claim(Claims* owner, std::string key) : owner_(owner), key_(std::move(key)) {}

Claim::Claim(Claim&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}

Claim& Claim::operator=(Claim&& other) noexcept {
  if (this != &other) {
    Release();
    owner_ = std::exchange(other.owner_, nullptr);
    key_ = std::move(other.key_);
  }
  return *this;
}

Claim::~Claim() { Release(); }

void Claim::Release() {
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->Give(key_);
}

std::optional<Claim> Claims::TryTake(absl::string_view key) {
  const absl::MutexLock lock(&mutex_);
  if (!taken_.insert(std::string(key)).second) return std::nullopt;
  return Claim(this, std::string(key));
}

void Claims::Give(const std::string& key) {
  const absl::MutexLock lock(&mutex_);
  taken_.erase(key);
}

}  // namespace nvmeof::base
