#include "target/lost_records.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::HostNqn;
using ::nvmeof::testing::IsOkAndHolds;
using ::nvmeof::testing::kGiB;
using ::nvmeof::testing::Look;
using ::nvmeof::testing::Remains;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TargetWorld;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNobodys[] = "33333333000040008000000000000003";

volume::Nqn SubsystemOf(const std::string& handle) {
  return volume::NqnOfVolume(*volume::Uuid::Parse(handle));
}

class LostRecordsTest : public ::testing::Test {
 protected:
  LostRecordsTest() { world_.exporter->Restore(); }

  static absl::Status Export(TargetWorld& world, const std::string& handle,
                             absl::string_view host) {
    return world.exporter->Export(handle, {HostNqn(host), ExportMode::kMultiNode, "rw", false})
        .status();
  }
  static std::optional<testing::FakeConfigfs::Connection> Connect(TargetWorld& world,
                                                                  const std::string& handle,
                                                                  absl::string_view host) {
    return world.configfs.Connect(SubsystemOf(handle).text(), HostNqn(host).text());
  }
  absl::Status Export(absl::string_view host) { return Export(world_, handle_, host); }
  absl::Status Unexport(absl::string_view host) {
    return world_.exporter->Unexport(handle_, HostNqn(host));
  }
  std::optional<testing::FakeConfigfs::Connection> Connect(absl::string_view host) {
    return Connect(world_, handle_, host);
  }
  absl::Status Explain() { return world_.exporter->lost().Explain(handle_); }
  // What the start says.
  std::string RestartAndListen() {
    ::testing::internal::CaptureStderr();
    world_.Restart();
    return ::testing::internal::GetCapturedStderr();
  }

  TargetWorld world_;
  const std::string handle_ = world_.AddVolume();
};

TEST_F(LostRecordsTest, VolumeOfWhichNothingIsLeftIsNotFound) {
  for (const std::string& handle : {std::string("nothing"), std::string(kNobodys), std::string(),
                                    std::string("../records/a")}) {
    EXPECT_THAT(world_.exporter->lost().Explain(handle), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(world_.exporter->Unexport(handle, HostNqn("a")),
                StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_F(LostRecordsTest, EveryCallOnDataWithoutARecordSaysWhereItIs) {
  world_.LoseRecords({handle_});
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition,
                                AllOf(HasSubstr(handle_), HasSubstr(world_.pool.Path(handle_)),
                                      HasSubstr("no host"), HasSubstr("--state-dir")));
  EXPECT_THAT(Export("a"), refused);
  EXPECT_THAT(world_.provisioner->Delete(handle_), refused);
  EXPECT_THAT(world_.provisioner->Expand(handle_, {2 * kGiB, 0}), refused);
  EXPECT_THAT(world_.pool.files(), SizeIs(1));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(LostRecordsTest, HostsThatAreLetInAreNamedAndStay) {
  ASSERT_OK(Export("a"));
  ASSERT_OK(Export("b"));
  const auto a = Connect("a");
  world_.LoseRecords({handle_});
  EXPECT_THAT(world_.provisioner->Delete(handle_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(HostNqn("a").text()), HasSubstr(HostNqn("b").text()),
                             HasSubstr(world_.pool.Path(handle_)))));
  EXPECT_THAT(Export("c"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(world_.configfs.Reaches(*a));
}

TEST_F(LostRecordsTest, VolumeIsNotGoneWhileTheKernelHoldsItsRemovedData) {
  ASSERT_OK(Export("a"));
  world_.pool.Lose(handle_);
  world_.LoseRecords({handle_});
  EXPECT_THAT(world_.provisioner->Delete(handle_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(HostNqn("a").text())));
  EXPECT_OK(Unexport("a"));
  EXPECT_THAT(world_.provisioner->Delete(handle_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LostRecordsTest, FenceHoldsWithoutARecord) {
  ASSERT_OK(Export("a"));
  const auto a = Connect("a");
  world_.LoseRecords({handle_});
  ASSERT_OK(Unexport("a"));
  EXPECT_FALSE(world_.configfs.Reaches(*a));
  EXPECT_FALSE(Connect("a").has_value());
  EXPECT_THAT(world_.configfs.List("subsystems"), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(world_.configfs.List("hosts"), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(world_.pool.files(), SizeIs(1));
}

TEST_F(LostRecordsTest, FenceWithoutARecordBringsTheOtherHostsBack) {
  ASSERT_OK(Export("b"));
  const Remains without_a = Look(world_);
  ASSERT_OK(Export("a"));
  const auto a = Connect("a");
  world_.LoseRecords({handle_});
  ASSERT_OK(Unexport("a"));
  EXPECT_FALSE(world_.configfs.Reaches(*a));
  EXPECT_FALSE(Connect("a").has_value());
  EXPECT_TRUE(Connect("b").has_value());
  EXPECT_EQ(Look(world_).kernel, without_a.kernel);
}

// As when it was on its way out before the record was lost.
TEST_F(LostRecordsTest, FenceWithoutARecordEndsTheConnectionOfAHostThatIsNotLetInAnyMore) {
  ASSERT_OK(Export("a"));
  ASSERT_OK(Export("b"));
  const auto a = Connect("a");
  world_.effects.DieAt(2);  // after the record
  EXPECT_FALSE(Unexport("a").ok());
  world_.Restart();
  ASSERT_TRUE(world_.configfs.Reaches(*a));
  world_.LoseRecords({handle_});
  ASSERT_OK(Unexport("a"));
  EXPECT_FALSE(world_.configfs.Reaches(*a));
  EXPECT_TRUE(Connect("b").has_value());
}

TEST_F(LostRecordsTest, TheSameFenceCompletesWhatADeadOneBegan) {
  for (int n = 1;; ++n) {
    SCOPED_TRACE(absl::StrCat("dead at effect ", n));
    TargetWorld world;
    world.exporter->Restore();
    const std::string handle = world.AddVolume();
    ASSERT_OK(Export(world, handle, "a"));
    ASSERT_OK(Export(world, handle, "b"));
    const auto a = Connect(world, handle, "a");
    world.LoseRecords({handle});
    world.effects.DieAt(n);
    const absl::Status first = world.exporter->Unexport(handle, HostNqn("a"));
    const bool was_disturbed = world.effects.dead();
    EXPECT_TRUE(!first.ok() || !world.configfs.Reaches(*a));
    world.Restart();
    const absl::Status again = world.exporter->Unexport(handle, HostNqn("a"));
    EXPECT_TRUE(again.ok() || absl::IsNotFound(again)) << again;
    EXPECT_FALSE(world.configfs.Reaches(*a));
    EXPECT_FALSE(Connect(world, handle, "a").has_value());
    if (!was_disturbed) break;
  }
}

TEST_F(LostRecordsTest, FenceWithoutARecordIsAbortedWhileTheClaimIsTaken) {
  ASSERT_OK(Export("a"));
  world_.LoseRecords({handle_});
  const auto claim = world_.claims.TryTake(handle_);
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(LostRecordsTest, FenceOfWhatTheKernelDoesNotExportAsksNoPool) {
  world_.LoseRecords({handle_});
  const std::size_t looks = world_.pool.looks().size();
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(world_.pool.looks(), SizeIs(looks));
}

// An export of another agent with the same kernel, whose pool is elsewhere.
class OtherAgentsExportTest : public LostRecordsTest,
                              public ::testing::WithParamInterface<const char*> {
 protected:
  OtherAgentsExportTest() {
    NvmetSubsystems subsystems(world_.configfs);
    const volume::Uuid uuid = *volume::Uuid::Parse(kNobodys);
    const std::string path = GetParam();
    if (path == world_.pool.Path(kNobodys)) world_.pool.GiveAway(kNobodys);
    EXPECT_OK(subsystems.Ensure({.subsystem = SubsystemOf(kNobodys),
                                 .uuid = uuid,
                                 .nguid = uuid,
                                 .backing_path = path,
                                 .hosts = {HostNqn("a")}}));
    world_.effects.Forget();
  }
};

INSTANTIATE_TEST_SUITE_P(Paths, OtherAgentsExportTest,
                         ::testing::Values("/elsewhere", "/pool/33333333000040008000000000000003"));

TEST_P(OtherAgentsExportTest, IsNeitherTouchedNorSaidToBeGone) {
  const auto refused = StatusIs(
      absl::StatusCode::kFailedPrecondition,
      AllOf(HasSubstr(GetParam()), HasSubstr(HostNqn("a").text()), HasSubstr("ask the agent")));
  EXPECT_THAT(world_.exporter->Unexport(kNobodys, HostNqn("a")), refused);
  EXPECT_THAT(world_.provisioner->Delete(kNobodys), refused);
  EXPECT_THAT(Export(world_, kNobodys, "b"), refused);
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_P(OtherAgentsExportTest, IsNotComplainedOf) {
  EXPECT_THAT(world_.exporter->lost().Exported(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(RestartAndListen(), Not(HasSubstr(kNobodys)));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(LostRecordsTest, StartNamesTheHostsOfAnExportWithoutARecordOnce) {
  const std::string silent = world_.AddVolume("silent");
  ASSERT_OK(Export("a"));
  world_.LoseRecords({handle_, silent});
  EXPECT_THAT(world_.exporter->lost().Exported(), IsOkAndHolds(ElementsAre(handle_)));
  const std::string log = RestartAndListen();
  EXPECT_THAT(log, HasSubstr(absl::StrCat(
                       "exported volume without a record is kept data=", world_.pool.Path(handle_),
                       " hosts=", HostNqn("a").text())));
  EXPECT_THAT(log, HasSubstr(absl::StrCat(" data without a record is kept data=",
                                          world_.pool.Path(silent))));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_TRUE(Connect("a").has_value());
}

TEST_F(LostRecordsTest, VolumesWithRecordsAreNoStrays) {
  ASSERT_OK(Export("a"));
  EXPECT_EQ(RestartAndListen(), "");
}

}  // namespace
}  // namespace nvmeof::target
