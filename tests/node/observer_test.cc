#include "node/observer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using node::Endpoint;
using node::PromisedVolume;
using node::StageState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ObserverTest : public NodeWorld {
 protected:
  absl::StatusOr<PromisedVolume> Look(const node::StageRecord& record) {
    const node::Observer observer({identity_, topology_, kernel_, kernel_, kernel_}, mounter_);
    return observer.Look(record);
  }
};

TEST_F(ObserverTest, AFileSystemIsLookedForAtStagingAndPublications) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(Publish(FileSystem()));
  const PromisedVolume seen = *Look(*Record());
  EXPECT_EQ(seen.volume_id, kVolume);
  EXPECT_EQ(seen.state, StageState::kStaged);
  EXPECT_EQ(seen.policy.io_policy, volume::IoPolicy::kQueueDepth);
  EXPECT_EQ(seen.seen.target, target_);
  EXPECT_THAT(seen.seen.wanted, SizeIs(2));
  EXPECT_THAT(seen.seen.subsystem->controllers, SizeIs(1));
  EXPECT_THAT(seen.seen.endpoints,
              ElementsAre(Endpoint{kStaging, Disk().number}, Endpoint{kTarget, Disk().number}));
}

TEST_F(ObserverTest, TheTopmostMountCounts) {
  ASSERT_OK(Stage(FileSystem()));
  mounter_.AddMount({0, 50}, kStaging, "tmpfs");
  EXPECT_THAT(Look(*Record())->seen.endpoints,
              ElementsAre(Endpoint{kStaging, base::DeviceNumber{0, 50}}));
}

TEST_F(ObserverTest, APlaceWithNothingMountedHasNoDevice) {
  ASSERT_OK(Stage(FileSystem()));
  ASSERT_OK(mounter_.Unmount(kStaging));
  EXPECT_THAT(Look(*Record())->seen.endpoints, ElementsAre(Endpoint{kStaging, std::nullopt}));
}

TEST_F(ObserverTest, ARawBlockVolumeIsWhereItsNodesLead) {
  ASSERT_OK(Stage(Block()));
  EXPECT_THAT(Look(*Record())->seen.endpoints, IsEmpty());
  ASSERT_OK(Publish(Block()));
  const base::DeviceNumber disk = Disk().number;
  EXPECT_THAT(Look(*Record())->seen.endpoints, ElementsAre(Endpoint{kTarget, disk}));
  LoseAllPaths();
  const PromisedVolume lost = *Look(*Record());
  EXPECT_THAT(lost.seen.endpoints, ElementsAre(Endpoint{kTarget, disk}));
  EXPECT_EQ(lost.seen.subsystem, std::nullopt);
}

TEST_F(ObserverTest, WhatACallIsStillDoingHasNoPlaces) {
  ASSERT_OK(Stage(FileSystem()));
  node::StageRecord record = *Record();
  for (const StageState state : {StageState::kStaging, StageState::kUnstaging}) {
    record.state = state;
    EXPECT_THAT(Look(record)->seen.endpoints, IsEmpty());
  }
}

TEST_F(ObserverTest, ControllersOfAnotherHostNqnDoNotCount) {
  ASSERT_OK(Stage(Block()));
  kernel_.ConnectAsPeer(target_, target_.portals.back(), "nqn.2014-08.org.example:other-host");
  EXPECT_EQ(Controllers(), 2U);
  EXPECT_THAT(Look(*Record())->seen.subsystem->controllers, SizeIs(1));
}

TEST_F(ObserverTest, ARecordWithoutATargetIsAnError) {
  ASSERT_OK(Stage(Block()));
  node::StageRecord record = *Record();
  record.publish_context.clear();
  EXPECT_THAT(Look(record), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace nvmeof::testing
