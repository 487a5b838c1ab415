// IsOk, IsOkAndHolds and StatusIs: Abseil's matchers of the same names, which the packaged Abseil
// lacks. There is no "is not OK": a test names the code.
#pragma once

#include <ostream>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::testing {

inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << ToStatus(arg);
  return ToStatus(arg).ok();
}

MATCHER_P(StatusIs, code, "has this status code") {
  *result_listener << ToStatus(arg);
  return ToStatus(arg).code() == code;
}

MATCHER_P2(StatusIs, code, message, "has this status code and message") {
  *result_listener << ToStatus(arg);
  return ToStatus(arg).code() == code &&
         ::testing::ExplainMatchResult(message, std::string(ToStatus(arg).message()),
                                       result_listener);
}

MATCHER_P(IsOkAndHolds, value, "is OK and holds the value") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace nvmeof::testing

#define ASSERT_OK(expression) ASSERT_THAT(expression, ::nvmeof::testing::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT(expression, ::nvmeof::testing::IsOk())
