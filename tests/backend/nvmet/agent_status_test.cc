#include "backend/nvmet/agent_status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::HasSubstr;

struct Row {
  grpc::StatusCode said;
  absl::StatusCode means;
};

void PrintTo(const Row& row, std::ostream* out) { *out << "code_" << row.said; }

class AgentStatusTableTest : public ::testing::TestWithParam<Row> {};

TEST_P(AgentStatusTableTest, HasACodeOfOurs) {
  EXPECT_THAT(AgentStatus(grpc::Status(GetParam().said, "why")), StatusIs(GetParam().means));
}

INSTANTIATE_TEST_SUITE_P(
    Table, AgentStatusTableTest,
    ::testing::Values(
        Row{grpc::StatusCode::CANCELLED, absl::StatusCode::kUnavailable},
        Row{grpc::StatusCode::UNKNOWN, absl::StatusCode::kInternal},
        Row{grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument},
        Row{grpc::StatusCode::DEADLINE_EXCEEDED, absl::StatusCode::kUnavailable},
        Row{grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound},
        Row{grpc::StatusCode::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists},
        Row{grpc::StatusCode::PERMISSION_DENIED, absl::StatusCode::kInternal},
        Row{grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted},
        Row{grpc::StatusCode::FAILED_PRECONDITION, absl::StatusCode::kFailedPrecondition},
        Row{grpc::StatusCode::ABORTED, absl::StatusCode::kAborted},
        Row{grpc::StatusCode::OUT_OF_RANGE, absl::StatusCode::kOutOfRange},
        Row{grpc::StatusCode::UNIMPLEMENTED, absl::StatusCode::kInternal},
        Row{grpc::StatusCode::INTERNAL, absl::StatusCode::kInternal},
        Row{grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable},
        Row{grpc::StatusCode::DATA_LOSS, absl::StatusCode::kInternal},
        Row{grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kInternal}));

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
