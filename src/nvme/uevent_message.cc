#include "nvme/uevent_message.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::nvme {

bool ConcernsNvme(absl::string_view message) {
  absl::string_view subsystem;
  absl::string_view device;
  for (absl::string_view field : absl::StrSplit(message, '\0')) {
    if (absl::ConsumePrefix(&field, "SUBSYSTEM=")) subsystem = field;
    if (absl::ConsumePrefix(&field, "DEVNAME=")) device = field;
  }
  if (subsystem == "block") return absl::StartsWith(device, "nvme");
  return subsystem == "nvme" || subsystem == "nvme-subsystem";
}

}  // namespace nvmeof::nvme
