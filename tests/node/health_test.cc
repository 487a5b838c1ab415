#include "node/health.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using node::Ailment;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The edge notes what a stage answered.
class HealthTest : public NodeWorld {
 protected:
  std::vector<Ailment> Health() { return *process_->health.OfVolume(kVolume); }
};

TEST_F(HealthTest, AnUnknownVolumeIsNotFound) {
  EXPECT_THAT(process_->health.OfVolume(kVolume), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HealthTest, AConnectedVolumeWhoseStageFailedIsNotHealthy) {
  effects_.OnEffect([this](const std::string& effect) {
    if (effect.rfind("io_policy", 0) == 0) effects_.Fail(1, absl::UnavailableError("mkfs failed"));
  });
  const absl::Status staged = Stage(FileSystem());
  ASSERT_THAT(staged, StatusIs(absl::StatusCode::kUnavailable));
  process_->troubles.Note(kVolume, std::string(staged.message()));
  kernel_.ConnectAsPeer(target_, target_.portals.back());
  EXPECT_THAT(Health(),
              ElementsAre(Ailment{Ailment::Severity::kInaccessible, "StageFailed", "mkfs failed"}));
}

TEST_F(HealthTest, WhatRepairNotedIsSaidWithTheDiagnosis) {
  ASSERT_OK(Stage(FileSystem()));
  Settle();
  EXPECT_THAT(Health(), IsEmpty());
  kernel_.Refuse(target_.portals.back());
  kernel_.Drop(target_.portals.back());
  Settle();
  EXPECT_THAT(Health(),
              ElementsAre(Ailment{Ailment::Severity::kDegraded, "Degraded",
                                  "Degraded: 1 of 2 paths to nqn.2026-01.dev.nvmeof:v1 are live: "
                                  "192.0.2.2:4420 is not connected; 192.0.2.2:4420: connection "
                                  "refused"}));
}

}  // namespace
}  // namespace nvmeof::testing
