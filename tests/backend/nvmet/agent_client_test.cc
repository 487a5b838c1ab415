#include "backend/nvmet/agent_client.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::backend {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Le;

class AgentClientTest : public ::testing::Test {
 protected:
  // The time that a call gets of which `left` is left.
  absl::Duration TimeOfACall(absl::Duration left) {
    grpc::ClientContext context;
    EXPECT_OK(client_.SetDeadline(context, clock_.Now() + left));
    return absl::Milliseconds(
        gpr_time_to_millis(gpr_time_sub(context.raw_deadline(), gpr_now(GPR_CLOCK_MONOTONIC))));
  }

  absl::Duration Patience(absl::Duration left) {
    return client_.PatienceUntil(clock_.Now() + left) - clock_.Now();
  }

  testing::FakeClock clock_;
  AgentClient client_{"fast", {"agent-a", "192.0.2.1:4421"}, clock_};
};

TEST_F(AgentClientTest, DescribesItselfByNameAndAddress) {
  EXPECT_EQ(client_.Describe(), "agent agent-a (192.0.2.1:4421)");
}

TEST_F(AgentClientTest, KeepsTimeToSayThatNobodyAnswered) {
  EXPECT_THAT(TimeOfACall(absl::Seconds(60)),
              AllOf(Gt(absl::Seconds(50)), Le(absl::Milliseconds(59500))));
  EXPECT_THAT(TimeOfACall(absl::Seconds(4)),
              AllOf(Gt(absl::Seconds(1)), Le(absl::Milliseconds(3600))));
}

TEST_F(AgentClientTest, WaitsForNobodyForever) {
  EXPECT_THAT(TimeOfACall(absl::InfiniteDuration()), Le(absl::Minutes(5)));
}

TEST_F(AgentClientTest, AsksNothingWhenTheTimeIsOver) {
  grpc::ClientContext context;
  EXPECT_THAT(client_.SetDeadline(context, clock_.Now()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(AgentClientTest, GivesOneOfSeveralAgentsAPartOfTheTime) {
  EXPECT_EQ(Patience(absl::Seconds(6)), absl::Seconds(2));
  EXPECT_EQ(Patience(absl::Seconds(60)), absl::Seconds(5));
  EXPECT_EQ(Patience(absl::InfiniteDuration()), absl::Seconds(5));
}

}  // namespace
}  // namespace nvmeof::backend
