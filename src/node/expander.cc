#include "node/expander.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "node/held_disk.h"
#include "node/usage.h"
#include "node/waits.h"

namespace nvmeof::node {

absl::StatusOr<std::int64_t> Expander::Expand(const ExpandRequest& request, base::Call& call) {
  const std::optional<StageRecord> record = records_.FindCurrent(request.volume_id);
  if (!record.has_value() || !IsAt(*record, request.path)) {
    return absl::NotFoundError(absl::StrCat(request.volume_id, " is not at ", request.path));
  }
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(*record));
  ASSIGN_OR_RETURN(
      const nvme::Namespace ns,
      attacher_.AwaitSize(target, static_cast<std::uint64_t>(request.required_bytes), call));
  const auto size = static_cast<std::int64_t>(ns.size_bytes);
  if (record->capability.block) return size;
  if (volume::IsReadOnly(record->capability.mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(request.volume_id, " is read-only here: its file system cannot grow"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<mount::DeviceHold> hold,
                   HoldDisk(file_systems_, attacher_, target, ns));
  call.WaitsFor(WaitForDisk("the file system's growth", record->volume_context));
  RETURN_IF_ERROR(call.Measure("filesystem", [&] {
    return file_systems_.Grow(DeviceOf(ns), record->capability.fs_type, record->staging_path,
                              call.deadline());
  }));
  return size;
}

}  // namespace nvmeof::node
