#include "target/exporter.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/target/target_world.h"

namespace nvmeof::target {
namespace {

using ::nvmeof::testing::HostNqn;
using ::nvmeof::testing::Look;
using ::nvmeof::testing::Remains;
using ::nvmeof::testing::StatusIs;
using ::nvmeof::testing::TargetWorld;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

target::Export Single(absl::string_view host) {
  return {HostNqn(host), ExportMode::kSingleNode, "rw", false};
}

target::Export Multi(absl::string_view host) {
  return {HostNqn(host), ExportMode::kMultiNode, "rw", false};
}

class ExporterTest : public ::testing::Test {
 protected:
  // As at an agent's start.
  ExporterTest() { world_.exporter->Restore(); }

  absl::Status Export(const target::Export& wanted) {
    return world_.exporter->Export(handle_, wanted).status();
  }
  absl::Status Unexport(absl::string_view host) {
    return world_.exporter->Unexport(handle_, HostNqn(host));
  }
  std::optional<testing::FakeConfigfs::Connection> Connect(absl::string_view host) {
    return world_.configfs.Connect(world_.Subsystem(handle_), HostNqn(host).text());
  }
  std::size_t Links() const {
    std::size_t links = 0;
    for (const auto& [path, value] : world_.configfs.Snapshot()) {
      if (absl::StartsWith(path, "ports/") && absl::StartsWith(value, "->")) ++links;
    }
    return links;
  }

  TargetWorld world_;
  const std::string handle_ = world_.AddVolume();
};

TEST_F(ExporterTest, ExportLetsTheHostInOnEveryPortal) {
  ASSERT_OK(Export(Single("a")));
  EXPECT_TRUE(Connect("a").has_value());
  EXPECT_FALSE(Connect("b").has_value());
  EXPECT_EQ(Links(), 2U);
}

TEST_F(ExporterTest, ExportAnswersTheVolumeWithTheExport) {
  const absl::StatusOr<VolumeRecord> record = world_.exporter->Export(handle_, Single("a"));
  ASSERT_OK(record);
  EXPECT_EQ(record->exports, std::vector{Single("a")});
  EXPECT_EQ(*record, world_.Record(handle_));
}

TEST_F(ExporterTest, SecondExportToTheSameHostExistsAndMendsTheKernel) {
  ASSERT_OK(Export(Single("a")));
  world_.configfs.Reboot();
  world_.exporter->Restore();
  EXPECT_THAT(Export(Single("a")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(Connect("a").has_value());
}

TEST_F(ExporterTest, SecondExportToTheSameHostTouchesNothingThatIsRight) {
  ASSERT_OK(Export(Single("a")));
  world_.effects.Forget();
  EXPECT_THAT(Export(Single("a")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ExporterTest, SingleNodeExcludesOtherHostsAndNamesThem) {
  ASSERT_OK(Export(Single("a")));
  EXPECT_THAT(Export(Single("b")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(HostNqn("a").text())));
  EXPECT_THAT(Export(Multi("b")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE(Connect("b").has_value());
}

TEST_F(ExporterTest, MultiNodeRefusesASingleNodeExport) {
  ASSERT_OK(Export(Multi("a")));
  EXPECT_THAT(Export(Single("b")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ExporterTest, MultiNodeLetsSeveralHostsIn) {
  ASSERT_OK(Export(Multi("a")));
  const auto a = Connect("a");
  ASSERT_OK(Export(Multi("b")));
  EXPECT_TRUE(Connect("b").has_value());
  EXPECT_TRUE(world_.configfs.Reaches(*a)) << "a new host must not disturb the old one";
}

TEST_F(ExporterTest, OnlyReadyVolumesAreFound) {
  EXPECT_THAT(world_.exporter->Export("nothing", Single("a")),
              StatusIs(absl::StatusCode::kNotFound));
  VolumeRecord record = world_.Record(handle_);
  record.state = VolumeRecord::State::kDeleting;
  ASSERT_OK(world_.store->Put(record));
  EXPECT_THAT(Export(Single("a")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ExporterTest, TakenClaimIsAborted) {
  const auto claim = world_.claims.TryTake(handle_);
  EXPECT_THAT(Export(Single("a")), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(ExporterTest, OnePortalThatTakesTheVolumeIsEnough) {
  world_.configfs.TakeDown("192.0.2.1");
  ASSERT_OK(Export(Single("a")));
  EXPECT_EQ(Links(), 1U);
  EXPECT_FALSE(world_.exporter->RestoreMissing());
  world_.configfs.BringUp("192.0.2.1");
  EXPECT_TRUE(world_.exporter->RestoreMissing());
  EXPECT_EQ(Links(), 2U);
}

TEST_F(ExporterTest, NoPortalThatTakesTheVolumeIsUnavailable) {
  world_.configfs.TakeDown("192.0.2.1");
  world_.configfs.TakeDown("2001:db8::1");
  EXPECT_THAT(Export(Single("a")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ExporterTest, NothingOfTheHostReachesTheVolumeAfterUnexport) {
  ASSERT_OK(Export(Single("a")));
  const auto a = Connect("a");
  ASSERT_OK(Unexport("a"));
  EXPECT_FALSE(world_.configfs.Reaches(*a));
  EXPECT_FALSE(Connect("a").has_value());
  EXPECT_THAT(world_.Record(handle_).exports, IsEmpty());
}

TEST_F(ExporterTest, LastUnexportLeavesNothingInTheKernelButPorts) {
  const Remains before = Look(world_);
  ASSERT_OK(Export(Single("a")));
  ASSERT_OK(Unexport("a"));
  EXPECT_EQ(Look(world_), before);
}

TEST_F(ExporterTest, NothingOfTheHostReachesTheVolumeAfterUnexportWhileOthersComeBack) {
  ASSERT_OK(Export(Multi("a")));
  ASSERT_OK(Export(Multi("b")));
  const auto a = Connect("a");
  ASSERT_OK(Unexport("a"));
  EXPECT_FALSE(world_.configfs.Reaches(*a));
  EXPECT_FALSE(Connect("a").has_value());
  EXPECT_TRUE(Connect("b").has_value());
  EXPECT_EQ(Links(), 2U);
}

TEST_F(ExporterTest, UnexportOfAHostThatIsNotInDisturbsNobody) {
  ASSERT_OK(Export(Single("a")));
  world_.effects.Forget();
  EXPECT_OK(Unexport("b"));
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ExporterTest, UnexportSucceedsThoughTheOthersCannotComeBackYet) {
  ASSERT_OK(Export(Multi("a")));
  ASSERT_OK(Export(Multi("b")));
  world_.configfs.TakeDown("192.0.2.1");
  world_.configfs.TakeDown("2001:db8::1");
  EXPECT_OK(Unexport("a"));
  world_.configfs.BringUp("192.0.2.1");
  EXPECT_FALSE(world_.exporter->RestoreMissing());
  EXPECT_TRUE(Connect("b").has_value());
}

TEST_F(ExporterTest, HostThatIsHalfOutStaysOutAfterARestart) {
  ASSERT_OK(Export(Multi("a")));
  ASSERT_OK(Export(Multi("b")));
  world_.effects.DieAt(2);  // after the record
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kInternal));
  world_.Restart();
  EXPECT_FALSE(Connect("a").has_value());
  EXPECT_TRUE(Connect("b").has_value());
  EXPECT_THAT(world_.Record(handle_).exports, SizeIs(2)) << "not proven yet";
}

TEST_F(ExporterTest, HostThatIsHalfOutStillExcludesOthers) {
  ASSERT_OK(Export(Single("a")));
  world_.effects.Fail(2, absl::InternalError("no"));
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Export(Single("b")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ExporterTest, HostThatIsHalfOutGoesOutBeforeItComesInAgain) {
  ASSERT_OK(Export(Single("a")));
  const auto old = Connect("a");
  world_.effects.Fail(2, absl::InternalError("no"));
  EXPECT_THAT(Unexport("a"), StatusIs(absl::StatusCode::kInternal));
  ASSERT_OK(Export(Single("a")));
  EXPECT_FALSE(world_.configfs.Reaches(*old));
  EXPECT_TRUE(Connect("a").has_value());
}

TEST_F(ExporterTest, UnexportWaitsForTheKernelBeforeTheRecordForgets) {
  ASSERT_OK(Export(Single("a")));
  world_.effects.OnEffect([this](const std::string& effect) {
    if (absl::StrContains(effect, "enable 0")) {
      EXPECT_TRUE(world_.Record(handle_).FindExport(HostNqn("a"))->leaving);
    }
  });
  ASSERT_OK(Unexport("a"));
}

TEST_F(ExporterTest, RestoreBringsEverythingBackAfterAReboot) {
  ASSERT_OK(Export(Multi("a")));
  ASSERT_OK(Export(Multi("b")));
  const Remains before = Look(world_);
  world_.Reboot();
  EXPECT_EQ(Look(world_), before);
}

TEST_F(ExporterTest, RestoreTouchesNothingThatIsRight) {
  ASSERT_OK(Export(Single("a")));
  const auto a = Connect("a");
  world_.effects.Forget();
  world_.Restart();
  EXPECT_THAT(world_.effects.log(), IsEmpty());
  EXPECT_TRUE(world_.configfs.Reaches(*a));
}

TEST_F(ExporterTest, RestoreCompletesEveryVolumeBeforeTheFirstLink) {
  const std::string other = world_.AddVolume("other");
  ASSERT_OK(Export(Single("a")));
  ASSERT_OK(world_.exporter->Export(other, Single("a")));
  world_.configfs.Reboot();
  world_.effects.Forget();
  world_.Restart();
  bool linked = false;
  for (const std::string& effect : world_.effects.log()) {
    linked = linked || absl::StartsWith(effect, "link ports/");
    EXPECT_EQ(linked, absl::StartsWith(effect, "link ports/")) << effect;
  }
  EXPECT_EQ(Links(), 4U);
}

TEST_F(ExporterTest, RestoreLeavesVolumesWithoutExportsOut) {
  world_.Reboot();
  EXPECT_THAT(world_.configfs.List("subsystems"), testing::IsOkAndHolds(IsEmpty()));
}

TEST_F(ExporterTest, VolumeThatCannotBeRestoredDoesNotHoldUpOthers) {
  const std::string other = world_.AddVolume("other");
  ASSERT_OK(Export(Single("a")));
  ASSERT_OK(world_.exporter->Export(other, Single("a")));
  world_.configfs.LoseBacking(world_.pool.Path(other));
  world_.Reboot();
  EXPECT_TRUE(Connect("a").has_value());
  EXPECT_FALSE(world_.exporter->RestoreMissing());
}

TEST_F(ExporterTest, WhatTheKernelLosesLaterIsRestoredAndSaid) {
  const std::string other = world_.AddVolume("other");
  ASSERT_OK(Export(Single("a")));
  ASSERT_OK(world_.exporter->Export(other, Single("a")));
  const Remains before = Look(world_);
  world_.configfs.Reboot();
  ::testing::internal::CaptureStderr();
  world_.exporter->RestoreLost();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("exports restored in the kernel target volumes=2"));
  EXPECT_EQ(Look(world_), before);
}

TEST_F(ExporterTest, EachPartThatTheKernelLosesIsRestored) {
  ASSERT_OK(Export(Multi("a")));
  ASSERT_OK(Export(Multi("b")));
  const Remains before = Look(world_);
  const std::string subsystem = absl::StrCat("subsystems/", world_.Subsystem(handle_));
  const std::string link = absl::StrCat("ports/1/", subsystem);
  const std::string host = absl::StrCat(subsystem, "/allowed_hosts/", HostNqn("a").text());
  const std::function<absl::Status()> losses[] = {
      [&] { return world_.configfs.Unlink(link); }, [&] { return world_.configfs.Unlink(host); },
      [&] { return world_.configfs.Write(subsystem + "/namespaces/1/enable", "0"); },
      [&] { return world_.configfs.Write(subsystem + "/attr_allow_any_host", "1"); }};
  for (const auto& lose : losses) {
    ASSERT_OK(lose());
    EXPECT_NE(Look(world_), before);
    world_.exporter->RestoreLost();
    EXPECT_EQ(Look(world_), before);
  }
}

TEST_F(ExporterTest, PortsAreMadeAnewBeforeTheFirstExport) {
  world_.configfs.Reboot();
  world_.exporter->RestoreLost();
  EXPECT_OK(Export(Single("a")));
}

TEST_F(ExporterTest, LookingForLossesTouchesAndSaysNothingWhenThereAreNone) {
  ASSERT_OK(Export(Single("a")));
  world_.effects.Forget();
  ::testing::internal::CaptureStderr();
  world_.exporter->RestoreLost();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(world_.effects.log(), IsEmpty());
}

TEST_F(ExporterTest, LossesOfAVolumeInTheHandsOfACallAreLeftToIt) {
  ASSERT_OK(Export(Single("a")));
  world_.configfs.Reboot();
  world_.exporter->Restore();
  ASSERT_OK(world_.configfs.Unlink(absl::StrCat("ports/1/subsystems/", world_.Subsystem(handle_))));
  const auto claim = world_.claims.TryTake(handle_);
  world_.effects.Forget();
  world_.exporter->RestoreLost();
  EXPECT_THAT(world_.effects.log(), IsEmpty());
  EXPECT_TRUE(world_.exporter->RestoreMissing());
}

// Every call, with an error instead of each of its effects, and the same call again.
struct Walk {
  std::function<void(TargetWorld&, const std::string&)> prepare;
  std::function<absl::Status(TargetWorld&, const std::string&)> call;
};

class ErrorWalkTest : public ::testing::TestWithParam<Walk> {
 protected:
  static std::string Prepare(TargetWorld& world) {
    world.exporter->Restore();
    const std::string handle = world.AddVolume();
    GetParam().prepare(world, handle);
    world.effects.Forget();
    return handle;
  }

  // What the call leaves when nothing disturbs it, and how many effects it takes.
  static std::pair<Remains, int> Undisturbed() {
    TargetWorld world;
    const std::string handle = Prepare(world);
    EXPECT_OK(GetParam().call(world, handle));
    return {Look(world), static_cast<int>(world.effects.count())};
  }

  static void ExpectCompletion(TargetWorld& world, const std::string& handle,
                               const Remains& wanted) {
    const absl::Status again = GetParam().call(world, handle);
    EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << again;
    EXPECT_TRUE(world.exporter->RestoreMissing());
    EXPECT_EQ(Look(world), wanted);
  }
};

TEST_P(ErrorWalkTest, TheSameCallCompletesWhatAnErrorCutShort) {
  const auto [wanted, effects] = Undisturbed();
  for (int n = 1; n <= effects; ++n) {
    SCOPED_TRACE(absl::StrCat("error instead of effect ", n));
    TargetWorld world;
    const std::string handle = Prepare(world);
    world.effects.Fail(n, absl::InternalError("no"));
    (void)GetParam().call(world, handle);
    ExpectCompletion(world, handle, wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Exporter, ErrorWalkTest,
    ::testing::Values(Walk{[](TargetWorld&, const std::string&) {},
                           [](TargetWorld& world, const std::string& handle) {
                             return world.exporter->Export(handle, Single("a")).status();
                           }},
                      Walk{[](TargetWorld& world, const std::string& handle) {
                             ASSERT_OK(world.exporter->Export(handle, Multi("a")));
                           },
                           [](TargetWorld& world, const std::string& handle) {
                             return world.exporter->Export(handle, Multi("b")).status();
                           }},
                      Walk{[](TargetWorld& world, const std::string& handle) {
                             ASSERT_OK(world.exporter->Export(handle, Single("a")));
                           },
                           [](TargetWorld& world, const std::string& handle) {
                             return world.exporter->Unexport(handle, HostNqn("a"));
                           }},
                      Walk{[](TargetWorld& world, const std::string& handle) {
                             ASSERT_OK(world.exporter->Export(handle, Multi("a")));
                             ASSERT_OK(world.exporter->Export(handle, Multi("b")));
                           },
                           [](TargetWorld& world, const std::string& handle) {
                             return world.exporter->Unexport(handle, HostNqn("a"));
                           }}));

}  // namespace
}  // namespace nvmeof::target
