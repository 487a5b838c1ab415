#include "backend/nvmet/agent_status.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

TEST(AgentStatusTest, HasACodeOfOursForEachOfGrpc) {
  const std::vector<std::pair<grpc::StatusCode, absl::StatusCode>> rows = {
      {grpc::StatusCode::CANCELLED, absl::StatusCode::kUnavailable},
      {grpc::StatusCode::UNKNOWN, absl::StatusCode::kInternal},
      {grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument},
      {grpc::StatusCode::DEADLINE_EXCEEDED, absl::StatusCode::kUnavailable},
      {grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound},
      {grpc::StatusCode::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists},
      {grpc::StatusCode::PERMISSION_DENIED, absl::StatusCode::kInternal},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted},
      {grpc::StatusCode::FAILED_PRECONDITION, absl::StatusCode::kFailedPrecondition},
      {grpc::StatusCode::ABORTED, absl::StatusCode::kAborted},
      {grpc::StatusCode::OUT_OF_RANGE, absl::StatusCode::kOutOfRange},
      {grpc::StatusCode::UNIMPLEMENTED, absl::StatusCode::kInternal},
      {grpc::StatusCode::INTERNAL, absl::StatusCode::kInternal},
      {grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable},
      {grpc::StatusCode::DATA_LOSS, absl::StatusCode::kInternal},
      {grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kInternal}};
  for (const auto& [said, means] : rows) {
    EXPECT_THAT(AgentStatus(grpc::Status(said, "why")), StatusIs(means)) << said;
  }
}

TEST(AgentStatusTest, OkIsOk) { EXPECT_OK(AgentStatus(grpc::Status())); }

TEST(AgentStatusTest, ACodeOfTheFutureIsInternal) {
  EXPECT_THAT(AgentStatus(grpc::Status(static_cast<grpc::StatusCode>(20), "why")),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("20")));
}

TEST(AgentStatusTest, KeepsTheAgentsWords) {
  EXPECT_THAT(AgentStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "no volume 7")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no volume 7")));
}

}  // namespace
}  // namespace nvmeof::backend
