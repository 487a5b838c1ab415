// Target: how to reach a volume and how to know that it is the one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "volume/nqn.h"
#include "volume/path.h"
#include "volume/uuid.h"

namespace nvmeof::volume {

// At least one member is set. UUID and NGUID identify for ever; an NSID only within its subsystem,
// so it decides alone only where nothing better is known.
struct NamespaceIdentity {
  std::optional<Uuid> uuid;
  std::optional<Uuid> nguid;
  std::optional<std::uint32_t> nsid;

  friend bool operator==(const NamespaceIdentity&, const NamespaceIdentity&) = default;
};

struct Target {
  Nqn subsystem;
  NamespaceIdentity identity;
  // In the order of preference, without duplicates; empty only where they have to be discovered.
  std::vector<Portal> portals;
  std::uint64_t size_bytes = 0;  // what the backend says; 0 = not known
  // Discovery controllers that know further portals; without duplicates.
  std::vector<Portal> discovery = {};

  friend bool operator==(const Target&, const Target&) = default;
};

// The same namespace, though its portals may have moved and its size may have changed.
[[nodiscard]] inline bool IsSameVolume(const Target& a, const Target& b) {
  return a.subsystem == b.subsystem && a.identity == b.identity;
}

}  // namespace nvmeof::volume
