#include "node/held_disk.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/device_number.h"
#include "base/status_macros.h"

namespace nvmeof::node {

absl::StatusOr<std::unique_ptr<mount::DeviceHold>> HoldDisk(mount::FileSystems& file_systems,
                                                            const Attacher& attacher,
                                                            const volume::Target& target,
                                                            const nvme::Namespace& ns) {
  absl::StatusOr<std::unique_ptr<mount::DeviceHold>> hold = file_systems.Hold(DeviceOf(ns));
  ASSIGN_OR_RETURN(const nvme::Namespace now, attacher.Find(target));
  if (now.number != ns.number || now.device_path != ns.device_path) {
    return absl::UnavailableError(absl::StrCat(
        target.subsystem.text(), " was ", ns.device_path, " (", base::Describe(ns.number),
        ") and is ", now.device_path, " (", base::Describe(now.number), ") now"));
  }
  if (absl::IsFailedPrecondition(hold.status()) || absl::IsNotFound(hold.status())) {
    return absl::UnavailableError(hold.status().message());
  }
  return hold;
}

}  // namespace nvmeof::node
