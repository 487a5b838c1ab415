// Backends: every configured backend by its name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "backend/backend.h"

namespace nvmeof::backend {

struct NamedBackend {
  std::string name;
  std::unique_ptr<Backend> backend;
};

// Owns the backends; what it hands out lives as long as it does. Immutable after construction.
class Backends {
 public:
  // REQUIRES: at least one; names differ. The first is the default.
  explicit Backends(std::vector<NamedBackend> backends) : backends_(std::move(backends)) {}

  // For the StorageClass parameter `backend`; empty = the default. InvalidArgument, with the names
  // there are, for another one.
  [[nodiscard]] absl::StatusOr<const NamedBackend*> Find(absl::string_view name) const;

  // The one that an id speaks of; NotFound when there is none of that name.
  [[nodiscard]] absl::StatusOr<Backend*> FindOwner(const volume::VolumeId& id) const;

  // In the order of the configuration.
  const std::vector<NamedBackend>& all() const { return backends_; }

 private:
  const NamedBackend* Lookup(absl::string_view name) const;

  std::vector<NamedBackend> backends_;
};

}  // namespace nvmeof::backend
