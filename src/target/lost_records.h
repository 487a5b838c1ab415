// LostRecords: volumes of which pool or kernel still show something, and the records nothing.
//
// Records are lost when their folder is emptied, an agent is started with another one, or a file in
// it is no record any more. Such a volume must not be taken for one that is gone: hosts may write
// to it. Its record cannot be made anew either, since nothing else tells its name or how it was
// asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "target/configfs.h"
#include "target/nvmet_subsystems.h"
#include "target/storage.h"

namespace nvmeof::target {

// Borrows all. Safe to use from several threads. Blocks on the kernel and, but for Shown, on the
// pool, whose errors it answers.
class LostRecords {
 public:
  LostRecords(Storage storage, Configfs& tree) : storage_(storage), subsystems_(tree) {}

  // Why a call by this handle, which has no record, fails. FailedPrecondition: the record is lost,
  // with where the data is, which hosts are let in, what cannot be known and what to do; also when
  // the kernel exports the volume for another agent. NotFound: nothing is left of it, or it is no
  // handle.
  absl::Status Explain(const std::string& handle) const;

  // What the kernel shows under the NQN of this handle; nothing when it is no handle.
  absl::StatusOr<std::optional<ShownVolume>> Shown(const std::string& handle) const;

  // Whether what the kernel shows of the volume is this agent's: several may share one kernel.
  absl::StatusOr<bool> IsOurs(const std::string& handle, const ShownVolume& shown) const;

  // Volumes of ours, sorted, that the kernel exports and that have no record.
  absl::StatusOr<std::vector<std::string>> Exported() const;

  // One warning for each volume that is in Exported or in `data`, the handles of what the pool
  // holds without a record.
  void Tell(const std::vector<std::string>& data) const;

 private:
  const Storage storage_;
  const NvmetSubsystems subsystems_;
};

}  // namespace nvmeof::target
