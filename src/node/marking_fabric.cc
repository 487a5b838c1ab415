#include "node/marking_fabric.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/status_macros.h"

namespace nvmeof::node {

absl::Status MarkingFabric::Connect(const nvme::ConnectRequest& request) {
  const std::optional<std::vector<volume::Path>> before = marks_.Of(request.subsystem);
  const bool was_ours = before.has_value() &&
                        std::find(before->begin(), before->end(), request.path) != before->end();
  if (!was_ours) {
    ASSIGN_OR_RETURN(const std::optional<nvme::Subsystem> now, host_.Look(request.subsystem));
    if (now.has_value() && nvme::MissingPaths(*now, {request.path}).empty()) {
      return absl::AlreadyExistsError("somebody else connected the path");
    }
  }
  RETURN_IF_ERROR(marks_.Add(request.subsystem, {request.path}));
  absl::Status connected = host_.fabric.Connect(request);
  if (connected.ok()) return connected;
  // Another call of ours had its turn since this one looked.
  if (was_ours && absl::IsAlreadyExists(connected)) return connected;
  RETURN_IF_ERROR(marks_.Remove(request.subsystem, request.path));
  return connected;
}

}  // namespace nvmeof::node
