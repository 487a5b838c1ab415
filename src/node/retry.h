// Retry: what an error of ours makes the orchestrator do. After one of these codes it calls again,
// and takes the volume as perhaps staged or published until then; after any other it forgets what
// it did not know to be there, without a call that would undo it (the kubelet's "operation
// finished" errors). So a final error may be answered only where nothing is left.
#pragma once

#include "absl/status/status.h"

namespace nvmeof::node {

[[nodiscard]] inline bool WillBeRetried(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || absl::IsResourceExhausted(status) || absl::IsCancelled(status);
}

// The same message, but something of ours is left, or may be: Unavailable instead of a final code.
[[nodiscard]] inline absl::Status AskAgain(const absl::Status& status) {
  if (status.ok() || WillBeRetried(status)) return status;
  return absl::UnavailableError(status.message());
}

}  // namespace nvmeof::node
