// Storage: what the agent's meanings share.
#pragma once

#include "base/claims.h"
#include "target/pool.h"
#include "target/volume_store.h"

namespace nvmeof::target {

// Borrowed; all of it outlives them.
struct Storage {
  Pool& pool;
  VolumeStore& store;
  base::Claims& claims;  // keys: handles, and "name:<name>" while one is being made
};

}  // namespace nvmeof::target
