#include "node/waits.h"

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "volume/connect_options.h"

namespace nvmeof::node {
namespace {

std::string WhenGivenUp(std::optional<absl::Duration> ctrl_loss_tmo) {
  if (!ctrl_loss_tmo.has_value()) return " or the kernel gives up";
  if (*ctrl_loss_tmo == absl::InfiniteDuration()) {
    return "; the kernel never gives up, as ctrlLossTmo is -1";
  }
  return absl::StrCat(" or the kernel gives up, ctrlLossTmo (",
                      absl::ToInt64Seconds(*ctrl_loss_tmo), " s) after it lost the last one");
}

}  // namespace

std::string WaitForDisk(absl::string_view step, const volume::StringMap& volume_context) {
  const absl::StatusOr<volume::AttachPolicy> policy = volume::DecodeVolumeContext(volume_context);
  return absl::StrCat(step, " waits for the disk; while that has no live path, until one is back",
                      WhenGivenUp(policy.ok() ? policy->connect.ctrl_loss_tmo : std::nullopt));
}

}  // namespace nvmeof::node
