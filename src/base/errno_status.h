// ErrnoStatus: the one translation of errno to a Status. Adapters over system calls use it; above
// them errno does not exist.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace nvmeof::base {

// Message "<what>: <text of the error> (<symbol>)". Codes: ENOENT, ENXIO and ENODEV
// (a sysfs attribute whose device is going) NotFound, EEXIST
// AlreadyExists, EACCES and EPERM PermissionDenied, EBUSY FailedPrecondition, ENOSPC, EDQUOT and
// ENOMEM ResourceExhausted, ETIMEDOUT DeadlineExceeded, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH
// and EAGAIN Unavailable, ENOSYS and EOPNOTSUPP Unimplemented, all else Internal.
[[nodiscard]] absl::Status ErrnoStatus(int error, absl::string_view what);

}  // namespace nvmeof::base
