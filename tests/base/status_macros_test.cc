#include "base/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::IsOk;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::StatusIs;

absl::Status Twice(const absl::Status& first, const absl::Status& second) {
  RETURN_IF_ERROR(first);
  RETURN_IF_ERROR(second);
  return absl::OkStatus();
}

absl::StatusOr<int> Sum(absl::StatusOr<std::unique_ptr<int>> a, absl::StatusOr<int> b) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> left, std::move(a));
  ASSIGN_OR_RETURN(const int right, b);
  return *left + right;
}

TEST(StatusMacrosTest, ReturnIfErrorLeavesWithTheFirstError) {
  EXPECT_THAT(Twice(absl::OkStatus(), absl::OkStatus()), IsOk());
  EXPECT_THAT(Twice(absl::AbortedError("a"), absl::InternalError("b")),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Twice(absl::OkStatus(), absl::InternalError("b")),
              StatusIs(absl::StatusCode::kInternal));
}

TEST(StatusMacrosTest, AssignOrReturnMovesTheValueOrLeaves) {
  EXPECT_THAT(Sum(std::make_unique<int>(2), 3), IsOkAndHolds(5));
  EXPECT_THAT(Sum(absl::NotFoundError("a"), 3), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Sum(std::make_unique<int>(2), absl::AbortedError("b")),
              StatusIs(absl::StatusCode::kAborted));
}

TEST(StatusMacrosTest, AnnotateKeepsTheCodeAndPutsTheObjectInFront) {
  EXPECT_THAT(Annotate(absl::AbortedError("busy"), "stage vol-7"),
              StatusIs(absl::StatusCode::kAborted, "stage vol-7: busy"));
  EXPECT_THAT(Annotate(absl::OkStatus(), "stage vol-7"), IsOk());
}

}  // namespace
}  // namespace nvmeof::base
