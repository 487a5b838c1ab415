#include "base/errno_status.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::StatusIs;

struct Row {
  int error;
  absl::StatusCode code;
};

class ErrnoStatusTest : public ::testing::TestWithParam<Row> {};

TEST_P(ErrnoStatusTest, HasOneCodeForEachError) {
  EXPECT_THAT(ErrnoStatus(GetParam().error, "open"), StatusIs(GetParam().code));
}

INSTANTIATE_TEST_SUITE_P(Errors, ErrnoStatusTest,
                         ::testing::Values(Row{ENOENT, absl::StatusCode::kNotFound},
                                           Row{ENXIO, absl::StatusCode::kNotFound},
                                           Row{ENODEV, absl::StatusCode::kNotFound},
                                           Row{EEXIST, absl::StatusCode::kAlreadyExists},
                                           Row{EACCES, absl::StatusCode::kPermissionDenied},
                                           Row{EPERM, absl::StatusCode::kPermissionDenied},
                                           Row{EBUSY, absl::StatusCode::kFailedPrecondition},
                                           Row{ENOSPC, absl::StatusCode::kResourceExhausted},
                                           Row{EDQUOT, absl::StatusCode::kResourceExhausted},
                                           Row{ENOMEM, absl::StatusCode::kResourceExhausted},
                                           Row{ETIMEDOUT, absl::StatusCode::kDeadlineExceeded},
                                           Row{ECONNREFUSED, absl::StatusCode::kUnavailable},
                                           Row{ENETUNREACH, absl::StatusCode::kUnavailable},
                                           Row{EHOSTUNREACH, absl::StatusCode::kUnavailable},
                                           Row{EAGAIN, absl::StatusCode::kUnavailable},
                                           Row{ENOSYS, absl::StatusCode::kUnimplemented},
                                           Row{EOPNOTSUPP, absl::StatusCode::kUnimplemented},
                                           Row{EIO, absl::StatusCode::kInternal},
                                           Row{EINVAL, absl::StatusCode::kInternal}),
                         [](const ::testing::TestParamInfo<Row>& row) {
                           return std::string(::strerrorname_np(row.param.error));
                         });

TEST(ErrnoStatusMessageTest, NamesTheObjectTheTextAndTheSymbol) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "open /x").message(),
            "open /x: No such file or directory (ENOENT)");
}

TEST(ErrnoStatusMessageTest, KeepsTheNumberOfAnUnknownError) {
  EXPECT_EQ(ErrnoStatus(4711, "open /x").message(), "open /x: unknown error (4711)");
}

}  // namespace
}  // namespace nvmeof::base
