#include "base/errno_status.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::StatusIs;

struct ErrnoRow {
  int error;
  absl::StatusCode code;
};

TEST(ErrnoStatusTest, HasOneCodeForEachError) {
  const std::vector<ErrnoRow> rows = {{ENOENT, absl::StatusCode::kNotFound},
                                      {ENXIO, absl::StatusCode::kNotFound},
                                      {ENODEV, absl::StatusCode::kNotFound},
                                      {EEXIST, absl::StatusCode::kAlreadyExists},
                                      {EACCES, absl::StatusCode::kPermissionDenied},
                                      {EPERM, absl::StatusCode::kPermissionDenied},
                                      {EBUSY, absl::StatusCode::kFailedPrecondition},
                                      {ENOSPC, absl::StatusCode::kResourceExhausted},
                                      {EDQUOT, absl::StatusCode::kResourceExhausted},
                                      {ENOMEM, absl::StatusCode::kResourceExhausted},
                                      {ETIMEDOUT, absl::StatusCode::kDeadlineExceeded},
                                      {ECONNREFUSED, absl::StatusCode::kUnavailable},
                                      {ENETUNREACH, absl::StatusCode::kUnavailable},
                                      {EHOSTUNREACH, absl::StatusCode::kUnavailable},
                                      {EAGAIN, absl::StatusCode::kUnavailable},
                                      {ENOSYS, absl::StatusCode::kUnimplemented},
                                      {EOPNOTSUPP, absl::StatusCode::kUnimplemented},
                                      {EIO, absl::StatusCode::kInternal},
                                      {EINVAL, absl::StatusCode::kInternal}};
  for (const ErrnoRow& row : rows) {
    SCOPED_TRACE(::strerrorname_np(row.error));
    EXPECT_THAT(ErrnoStatus(row.error, "open"), StatusIs(row.code));
  }
}

TEST(ErrnoStatusMessageTest, NamesTheObjectTheTextAndTheSymbol) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "open /x").message(),
            "open /x: No such file or directory (ENOENT)");
}

TEST(ErrnoStatusMessageTest, KeepsTheNumberOfAnUnknownError) {
  EXPECT_EQ(ErrnoStatus(4711, "open /x").message(), "open /x: unknown error (4711)");
}

}  // namespace
}  // namespace nvmeof::base
