// OpenPool: the pool of an agent and the folder of its records, from what the command line says.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "base/clock.h"
#include "base/command.h"
#include "target/owned_folder.h"
#include "target/pool.h"
#include "volume/pool_place.h"

namespace nvmeof::target {

struct OpenedPool {
  std::unique_ptr<Pool> pool;
  std::string records_directory;
  // Kept for as long as the pool is used; the folder of a FilePool is its own.
  std::optional<OwnedFolder> state;
};

// A folder keeps its records beside the volumes; those of an LVM pool are in `state_directory`,
// which is made when it is absent. Borrows runner and clock. Blocks on the disk and on LVM.
// FailedPrecondition: it cannot hold volumes, its records would not outlive a power cut, or another
// agent owns it.
[[nodiscard]] absl::StatusOr<OpenedPool> OpenPool(const volume::PoolPlace& place,
                                                  const std::string& state_directory,
                                                  base::CommandRunner& runner,
                                                  const base::Clock& clock);

}  // namespace nvmeof::target
