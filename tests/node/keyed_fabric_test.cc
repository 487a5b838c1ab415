#include "node/keyed_fabric.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A target that lets in only who proves that it is the host.
class KeyedFabricTest : public NodeWorld {
 protected:
  KeyedFabricTest() { kernel_.RequireKeys(target_.subsystem, right_); }

  void GivenStaged() {
    keys = right_;
    ASSERT_OK(Stage(FileSystem()));
    keys.reset();
  }
  void Tick() { process_->reconciler.Tick(); }

  const volume::AuthenticationKeys right_ = {
      *volume::DhchapKey::Parse("", "DHHC-1:00:pU3KGCUwux1tEyze1iN7LtkeP3IfyxlxF0SU1kk8nVzWfx4C:")};
  const volume::AuthenticationKeys wrong_ = {
      *volume::DhchapKey::Parse("", "DHHC-1:01:NGC+MSAeaf7aoO7ouZl/XHwpmf2v5ZMlPNZUr0361xSMgv0d:")};
};

TEST_F(KeyedFabricTest, AVolumeIsStagedWithItsKeysAlone) {
  EXPECT_THAT(Stage(FileSystem()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("did not prove")));
  keys = wrong_;
  EXPECT_THAT(Stage(FileSystem()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("did not prove")));
  keys = right_;
  EXPECT_OK(Stage(FileSystem()));
}

TEST_F(KeyedFabricTest, FurtherPathsAndThoseThatComeBackBringTheKeys) {
  GivenStaged();
  process_->reconciler.Attend(kVolume);
  EXPECT_EQ(Controllers(), 2U);
  LoseAllPaths();
  Tick();
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_THAT(*process_->health.OfVolume(kVolume), IsEmpty());
}

TEST_F(KeyedFabricTest, APluginThatWasStartedAgainTakesThemFromThePathsThatThereAre) {
  GivenStaged();
  Restart();
  Tick();
  EXPECT_EQ(Controllers(), 2U);
}

TEST_F(KeyedFabricTest, APluginThatLostThemGetsThemWithTheNextStage) {
  GivenStaged();
  LoseAllPaths();
  Restart();
  Tick();
  EXPECT_EQ(Controllers(), 0U);
  keys = right_;
  EXPECT_OK(Stage(FileSystem()));
}

TEST_F(KeyedFabricTest, TheyAreForgottenWithTheVolume) {
  GivenStaged();
  ASSERT_OK(Unstage());
  EXPECT_THAT(Stage(FileSystem()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace nvmeof::testing
