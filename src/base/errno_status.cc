#include "base/errno_status.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace nvmeof::base {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case EBUSY:
      return absl::StatusCode::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case ETIMEDOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EAGAIN:
      return absl::StatusCode::kUnavailable;
    case ENOSYS:
    case EOPNOTSUPP:
      return absl::StatusCode::kUnimplemented;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status ErrnoStatus(int error, absl::string_view what) {
  // Neither depends on the locale nor on a shared buffer, unlike strerror.
  const char* text = ::strerrordesc_np(error);
  const char* symbol = ::strerrorname_np(error);
  if (text == nullptr || symbol == nullptr) {
    return absl::Status(CodeOf(error), absl::StrCat(what, ": unknown error (", error, ")"));
  }
  return absl::Status(CodeOf(error), absl::StrCat(what, ": ", text, " (", symbol, ")"));
}

}  // namespace nvmeof::base
