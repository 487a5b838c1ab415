#include "base/call.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::base {
namespace {

using ::nvmeof::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

auto IsStep(const char* name, absl::Duration took) {
  return ::testing::AllOf(Field(&Call::Step::name, name), Field(&Call::Step::took, took));
}

class CallTest : public ::testing::Test {
 protected:
  void Spend(const char* name, absl::Duration took) {
    call_.Measure(name, [&] { clock_.Advance(took); });
  }

  testing::FakeClock clock_;
  Call call_{clock_, clock_.Now() + absl::Seconds(10)};
};

TEST_F(CallTest, RemainingShrinksAndGoesBelowZero) {
  EXPECT_EQ(call_.remaining(), absl::Seconds(10));
  clock_.Advance(absl::Seconds(12));
  EXPECT_EQ(call_.remaining(), absl::Seconds(-2));
}

TEST_F(CallTest, HasNoStepsBeforeItMeasures) { EXPECT_THAT(call_.steps(), IsEmpty()); }

TEST_F(CallTest, KeepsStepsInOrderOfFirstUseAndSumsThoseOfOneName) {
  Spend("connect", absl::Seconds(1));
  Spend("mount", absl::Seconds(2));
  Spend("connect", absl::Seconds(3));
  EXPECT_THAT(call_.steps(),
              ElementsAre(IsStep("connect", absl::Seconds(4)), IsStep("mount", absl::Seconds(2))));
}

TEST_F(CallTest, TellsWhatItWaitsForToWhoeverWantsToKnow) {
  call_.WaitsFor("nobody");
  std::string waits;
  Call call(clock_, clock_.Now(), [&](std::string what) { waits = std::move(what); });
  call.WaitsFor("the disk");
  EXPECT_EQ(waits, "the disk");
}

TEST_F(CallTest, ReturnsTheResultOfTheStepAndMeasuresAlsoWhenItFails) {
  const absl::Status status = call_.Measure("namespace", [&] {
    clock_.Advance(absl::Seconds(1));
    return absl::UnavailableError("no path");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(call_.steps(), ElementsAre(IsStep("namespace", absl::Seconds(1))));
}

}  // namespace
}  // namespace nvmeof::base
