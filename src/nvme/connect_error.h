// What a failed connect means: the kernel's errno, found in what libnvme tells of it, as a Status
// that says what to look at. Pure.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "nvme/fabric.h"
#include "volume/path.h"

namespace nvmeof::nvme {

// The errno behind libnvme's log line "Failed to write to /dev/nvme-fabrics: <text>"; libnvme
// itself folds most of them into one code. EIO, the least telling one, when there is no such line.
[[nodiscard]] int ParseKernelError(absl::string_view log);

// What a failed connection says about this path: the cause that the errno's own name leaves open.
// Empty when there is none.
[[nodiscard]] std::string PathHint(int error, const volume::Path& path);

// /dev/nvme-fabrics could not be opened: PermissionDenied or FailedPrecondition.
[[nodiscard]] absl::Status OpenError(int error);

// The kernel refused the connect. InvalidArgument for an option that it does not take,
// PermissionDenied when the target wants a key, Unavailable for all else: another try may succeed.
[[nodiscard]] absl::Status ConnectError(int error, const HostIdentity& host,
                                        const ConnectRequest& request);

}  // namespace nvmeof::nvme
