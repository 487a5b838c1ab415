#include "target/provisioner.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::FakePool;
using ::nvmeof::testing::HostNqn;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::kGiB;
using ::nvmeof::testing::kMiB;
using ::nvmeof::testing::Look;
using ::nvmeof::testing::Remains;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TargetWorld;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

CreateRequest Request(std::int64_t bytes = kGiB) {
  return {.name = "data",
          .size = {.required_bytes = bytes, .limit_bytes = 0},
          .provisioning = volume::Provisioning::kBackendDefault,
          .fingerprint = "asked",
          .context = {{"ioPolicy", "numa"}}};
}

class ProvisionerTest : public ::testing::Test {
 protected:
  absl::StatusOr<VolumeRecord> Create(const CreateRequest& request) {
    return world_.provisioner->Create(request);
  }
  absl::StatusOr<std::int64_t> Expand(const std::string& handle, std::int64_t required,
                                      std::int64_t limit = 0) {
    return world_.provisioner->Expand(handle, {required, limit});
  }
  absl::Status Export(const std::string& handle) {
    return world_.exporter->Export(handle, {HostNqn("a"), ExportMode::kSingleNode, "rw", false})
        .status();
  }

  TargetWorld world_;
};

TEST_F(ProvisionerTest, CreateMakesABlankVolumeThatIsRemembered) {
  const absl::StatusOr<VolumeRecord> made = Create(Request());
  ASSERT_OK(made);
  EXPECT_EQ(made->size_bytes, kGiB);
  EXPECT_EQ(made->state, VolumeRecord::State::kReady);
  EXPECT_EQ(made->fingerprint, "asked");
  EXPECT_EQ(world_.Record(made->Handle()), *made);
  EXPECT_EQ(world_.pool.files().at(made->Handle()), (FakePool::File{kGiB, 0}));
}

TEST_F(ProvisionerTest, IdentityIsFreshEachTime) {
  const VolumeRecord first = *Create(Request());
  ASSERT_OK(world_.provisioner->Delete(first.Handle()));
  const VolumeRecord second = *Create(Request());
  EXPECT_NE(first.uuid, second.uuid);
  EXPECT_NE(first.nguid, second.nguid);
  EXPECT_NE(second.uuid, second.nguid);
}

TEST_F(ProvisionerTest, ProvisioningIsThatOfTheRequestElseThePools) {
  EXPECT_EQ(Create(Request())->provisioning, volume::Provisioning::kThin);
  CreateRequest thick = Request();
  thick.name = "thick";
  thick.provisioning = volume::Provisioning::kThick;
  const VolumeRecord made = *Create(thick);
  EXPECT_EQ(made.provisioning, volume::Provisioning::kThick);
  EXPECT_EQ(world_.pool.files().at(made.Handle()).allocated, kGiB);
}

TEST_F(ProvisionerTest, TakenNameExistsWhateverTheSize) {
  ASSERT_OK(Create(Request()));
  EXPECT_THAT(Create(Request(2 * kGiB)), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(ProvisionerTest, NoRoomIsResourceExhaustedBeforeAnythingIsWritten) {
  world_.effects.Forget();
  EXPECT_THAT(Create(Request(95 * kGiB)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ProvisionerTest, ImpossibleRangeIsOutOfRange) {
  CreateRequest request = Request();
  request.size.limit_bytes = kGiB - 1;
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ProvisionerTest, FailedCreateLeavesNothing) {
  const Remains before = Look(world_);
  for (int n = 1; n <= 3; ++n) {
    world_.effects.Fail(n, absl::InternalError("no"));
    EXPECT_THAT(Create(Request()), StatusIs(absl::StatusCode::kInternal)) << n;
    EXPECT_EQ(Look(world_), before) << n;
  }
}

TEST_F(ProvisionerTest, CreateReplacesAnUnfinishedVolumeOfItsName) {
  world_.effects.DieAt(2);
  EXPECT_FALSE(Create(Request()).ok());
  world_.effects.Revive();  // its undo died with it, the process did not restart
  EXPECT_OK(Create(Request()));
  EXPECT_THAT(world_.store->All(), SizeIs(1));
}

TEST_F(ProvisionerTest, TakenNameIsAborted) {
  const auto claim = world_.claims.TryTake("name:data");
  EXPECT_THAT(Create(Request()), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(ProvisionerTest, DeleteRemovesDataAndRecord) {
  const std::string handle = world_.AddVolume();
  ASSERT_OK(world_.provisioner->Delete(handle));
  EXPECT_THAT(world_.pool.files(), IsEmpty());
  EXPECT_THAT(world_.store->All(), IsEmpty());
  EXPECT_THAT(world_.provisioner->Delete(handle), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ProvisionerTest, DeleteOfAnExportedVolumeNamesTheHost) {
  world_.exporter->Restore();
  const std::string handle = world_.AddVolume();
  ASSERT_OK(Export(handle));
  EXPECT_THAT(world_.provisioner->Delete(handle),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(HostNqn("a").text())));
  EXPECT_THAT(world_.pool.files(), SizeIs(1));
}

TEST_F(ProvisionerTest, DeleteCompletesWhatADeadOneBegan) {
  for (int n = 1; n <= 3; ++n) {
    TargetWorld world;
    const std::string handle = world.AddVolume();
    world.effects.DieAt(n);
    EXPECT_FALSE(world.provisioner->Delete(handle).ok());
    world.effects.Revive();
    EXPECT_OK(world.provisioner->Delete(handle)) << n;
    EXPECT_THAT(world.pool.files(), IsEmpty()) << n;
    EXPECT_THAT(world.store->All(), IsEmpty()) << n;
  }
}

TEST_F(ProvisionerTest, ExpandGrowsAndTellsTheHosts) {
  world_.exporter->Restore();
  const std::string handle = world_.AddVolume();
  ASSERT_OK(Export(handle));
  EXPECT_THAT(Expand(handle, 2 * kGiB), IsOkAndHolds(2 * kGiB));
  EXPECT_EQ(world_.pool.files().at(handle).bytes, 2 * kGiB);
  EXPECT_EQ(world_.Record(handle).size_bytes, 2 * kGiB);
  EXPECT_THAT(world_.effects.log().back(), HasSubstr("revalidate_size 1"));
}

TEST_F(ProvisionerTest, ExpandOfAVolumeWithoutHostsTouchesNoKernel) {
  const std::string handle = world_.AddVolume();
  const auto kernel = world_.configfs.Snapshot();
  EXPECT_THAT(Expand(handle, 2 * kGiB), IsOkAndHolds(2 * kGiB));
  EXPECT_EQ(world_.configfs.Snapshot(), kernel);
}

TEST_F(ProvisionerTest, LargeEnoughAlreadyChangesNothing) {
  const std::string handle = world_.AddVolume();
  EXPECT_THAT(Expand(handle, 512 * kMiB), IsOkAndHolds(kGiB));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ProvisionerTest, ExpandNeverShrinks) {
  const std::string handle = world_.AddVolume();
  EXPECT_THAT(Expand(handle, 256 * kMiB, 512 * kMiB), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ProvisionerTest, ExpandBeyondTheRoomChangesNothing) {
  const std::string handle = world_.AddVolume();
  EXPECT_THAT(Expand(handle, 99 * kGiB), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ProvisionerTest, UnknownVolumesAreNotFound) {
  EXPECT_THAT(Expand("nothing", kGiB), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(world_.provisioner->Delete("nothing"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ProvisionerTest, TakenVolumeIsAborted) {
  const std::string handle = world_.AddVolume();
  const auto claim = world_.claims.TryTake(handle);
  EXPECT_THAT(Expand(handle, kGiB), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(world_.provisioner->Delete(handle), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(ProvisionerTest, CapacityIsTheRoomInWholeUnits) {
  const absl::StatusOr<Capacity> capacity = world_.provisioner->GetCapacity();
  ASSERT_OK(capacity);
  EXPECT_EQ(capacity->available_bytes, *world_.room->Available());
  EXPECT_EQ(capacity->maximum_volume_bytes, 90 * kGiB / 4096 * 4096);
  EXPECT_EQ(capacity->minimum_volume_bytes, kMiB);
  EXPECT_EQ(capacity->granularity_bytes, 4096);
}

TEST_F(ProvisionerTest, DrainedAgentMakesNoNewVolumes) {
  const std::string handle = world_.AddVolume("old");
  world_.options.drained = true;
  world_.Restart();
  EXPECT_THAT(Create(Request()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("drained")));
  EXPECT_EQ(world_.provisioner->GetCapacity()->available_bytes, 0);
  EXPECT_EQ(world_.provisioner->GetCapacity()->maximum_volume_bytes, 0);
  EXPECT_THAT(world_.store->All(), SizeIs(1));
  // The others go on.
  EXPECT_THAT(Expand(handle, 2 * kGiB), IsOkAndHolds(2 * kGiB));
  EXPECT_OK(Export(handle));
}

TEST_F(ProvisionerTest, DrainedAgentStillKnowsTheNamesThatItHas) {
  world_.AddVolume("data");
  world_.options.drained = true;
  world_.Restart();
  EXPECT_THAT(Create(Request()), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(ProvisionerTest, StraysAreWhatRecordsAndPoolDoNotAgreeOn) {
  const std::string whole = world_.AddVolume("whole");
  const std::string lost = world_.AddVolume("lost");
  world_.pool.Lose(lost);
  ASSERT_OK(world_.pool.Create("unknown", kGiB, volume::Provisioning::kThin));
  const absl::StatusOr<Strays> strays = world_.provisioner->FindStrays();
  ASSERT_OK(strays);
  EXPECT_THAT(strays->without_data, ElementsAre(lost));
  EXPECT_THAT(strays->without_record, ElementsAre("unknown"));
}

TEST_F(ProvisionerTest, StartKeepsStrays) {
  const std::string lost = world_.AddVolume("lost");
  world_.pool.Lose(lost);
  ASSERT_OK(world_.pool.Create("unknown", kGiB, volume::Provisioning::kThin));
  world_.Restart();
  EXPECT_TRUE(world_.store->Find(lost).has_value());
  EXPECT_TRUE(world_.pool.files().contains("unknown"));
}

}  // namespace
}  // namespace nvmeof::target
