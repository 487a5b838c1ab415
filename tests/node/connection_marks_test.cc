#include "node/connection_marks.h"

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/effects.h"
#include "tests/fakes/memory_record_files.h"
#include "tests/matchers/status_matchers.h"

namespace nvmeof::testing {
namespace {

using node::ConnectionMarks;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

bool Unwanted() { return true; }

class ConnectionMarksTest : public ::testing::Test {
 protected:
  static volume::Path Path(int n) {
    return {{"tcp", absl::StrCat("192.0.2.", n), "4420"}, {"192.0.2.100", "eth1"}};
  }
  ConnectionMarks Open(const std::string& boot_id = "this-boot") {
    return *ConnectionMarks::Open(files_, boot_id);
  }

  const volume::Nqn nqn_ = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v1");
  Effects effects_;
  MemoryRecordFiles files_{"mark", effects_};
};

TEST_F(ConnectionMarksTest, NothingIsKnownOfAnUnattachedSubsystem) {
  const ConnectionMarks marks = Open();
  EXPECT_EQ(marks.Of(nqn_), std::nullopt);
  EXPECT_THAT(marks.Subsystems(), IsEmpty());
}

TEST_F(ConnectionMarksTest, OutliveTheProcess) {
  ASSERT_OK(Open().Add(nqn_, {Path(1), Path(2)}));
  EXPECT_THAT(Open().Of(nqn_), Optional(ElementsAre(Path(1), Path(2))));
  EXPECT_THAT(Open().Subsystems(), ElementsAre(nqn_));
}

TEST_F(ConnectionMarksTest, ASubsystemMayBeKnownWithoutAPathOfOurs) {
  ASSERT_OK(Open().Add(nqn_, {}));
  EXPECT_THAT(Open().Of(nqn_), Optional(IsEmpty()));
}

TEST_F(ConnectionMarksTest, AnOldMarkThatCannotBeRemovedIsPassedOver) {
  ASSERT_OK(Open("last-boot").Add(nqn_, {Path(1)}));
  effects_.Fail(1, absl::InternalError("read-only"));
  EXPECT_EQ(Open().Of(nqn_), std::nullopt);
}

TEST_F(ConnectionMarksTest, WritesOnlyWhatIsNew) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Add(nqn_, {Path(1)}));
  effects_.Forget();
  ASSERT_OK(marks.Add(nqn_, {Path(1)}));
  ASSERT_OK(marks.Add(nqn_, {}));
  ASSERT_OK(marks.Remove(nqn_, Path(2)));
  EXPECT_THAT(effects_.log(), IsEmpty());
}

TEST_F(ConnectionMarksTest, RemoveTakesOnePath) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Add(nqn_, {Path(1), Path(2)}));
  ASSERT_OK(marks.Remove(nqn_, Path(1)));
  EXPECT_THAT(marks.Of(nqn_), Optional(ElementsAre(Path(2))));
  EXPECT_THAT(Open().Of(nqn_), Optional(ElementsAre(Path(2))));
}

TEST_F(ConnectionMarksTest, ForgetTakesTheSubsystem) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Add(nqn_, {}));
  ASSERT_OK(marks.Forget(nqn_, Unwanted));
  ASSERT_OK(marks.Forget(nqn_, Unwanted));
  EXPECT_EQ(marks.Of(nqn_), std::nullopt);
  EXPECT_EQ(Open().Of(nqn_), std::nullopt);
}

TEST_F(ConnectionMarksTest, ForgetLeavesWhatIsPromisedOrAttachedAnew) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Add(nqn_, {}));
  ASSERT_OK(marks.Forget(nqn_, [] { return false; }));
  EXPECT_THAT(marks.Of(nqn_), Optional(IsEmpty()));
  ASSERT_OK(marks.Add(nqn_, {Path(1)}));
  ASSERT_OK(marks.Forget(nqn_, Unwanted));
  EXPECT_THAT(marks.Of(nqn_), Optional(ElementsAre(Path(1))));
}

TEST_F(ConnectionMarksTest, WhatIsClearedStaysKnown) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Clear(nqn_));
  EXPECT_EQ(marks.Of(nqn_), std::nullopt);
  ASSERT_OK(marks.Add(nqn_, {Path(1)}));
  ASSERT_OK(marks.Clear(nqn_));
  EXPECT_THAT(marks.Of(nqn_), Optional(IsEmpty()));
  EXPECT_THAT(Open().Of(nqn_), Optional(IsEmpty()));
}

TEST_F(ConnectionMarksTest, AnotherBootsConnectionsAreGone) {
  ASSERT_OK(Open("the-boot-before").Add(nqn_, {Path(1)}));
  EXPECT_EQ(Open().Of(nqn_), std::nullopt);
  EXPECT_THAT(*files_.Names(), IsEmpty());
}

TEST_F(ConnectionMarksTest, AfterAFailedWriteTheOldMarksHold) {
  ConnectionMarks marks = Open();
  ASSERT_OK(marks.Add(nqn_, {Path(1)}));
  for (int i = 0; i < 3; ++i) {
    effects_.Fail(1, absl::ResourceExhaustedError("no space left on device"));
    const absl::Status failed = i == 0   ? marks.Add(nqn_, {Path(2)})
                                : i == 1 ? marks.Remove(nqn_, Path(1))
                                         : marks.Clear(nqn_);
    EXPECT_THAT(failed, StatusIs(absl::StatusCode::kResourceExhausted)) << i;
    EXPECT_THAT(marks.Of(nqn_), Optional(ElementsAre(Path(1)))) << i;
  }
  ASSERT_OK(marks.Clear(nqn_));
  effects_.Fail(1, absl::ResourceExhaustedError("no space left on device"));
  EXPECT_FALSE(marks.Forget(nqn_, Unwanted).ok());
  EXPECT_THAT(marks.Of(nqn_), Optional(IsEmpty()));
}

class ConnectionMarksUnreadableTest : public ConnectionMarksTest,
                                      public ::testing::WithParamInterface<const char*> {};

TEST_P(ConnectionMarksUnreadableTest, IsSetAsideAndStopsNobody) {
  const volume::Nqn other = *volume::Nqn::Parse("nqn.2026-01.dev.nvmeof:v2");
  ASSERT_OK(Open().Add(other, {Path(1)}));
  files_.Plant("nqn.2026-01.dev.nvmeof%3Av1.json", GetParam());
  const ConnectionMarks marks = Open();
  EXPECT_EQ(marks.Of(nqn_), std::nullopt);
  EXPECT_THAT(marks.Of(other), Optional(SizeIs(1)));
  EXPECT_THAT(*files_.Names(), Contains(HasSubstr(".unreadable")));
}

INSTANTIATE_TEST_SUITE_P(
    All, ConnectionMarksUnreadableTest,
    ::testing::Values(
        "", "{", R"({"version": 2, "subsystem": "nqn.2026-01.dev.nvmeof:v1"})",
        R"({"version": 1, "subsystem": "no NQN", "bootId": "this-boot"})",
        R"({"version": 1, "subsystem": "nqn.2026-01.dev.nvmeof:v3", "bootId": "this-boot"})",
        R"({"version": 1, "subsystem": "nqn.2026-01.dev.nvmeof:v1", "bootId": "this-boot",
            "paths": [{"portal": "tcp://nowhere"}]})"));

// Two volumes of one subsystem connect at the same time.
TEST_F(ConnectionMarksTest, NoMarkIsLostBetweenTwoThatWrite) {
  ConnectionMarks marks = Open();
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 25; ++i) EXPECT_OK(marks.Add(nqn_, {Path(1 + (writer * 25) + i)}));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(marks.Of(nqn_), Optional(SizeIs(100)));
  EXPECT_THAT(Open().Of(nqn_), Optional(SizeIs(100)));
}

}  // namespace
}  // namespace nvmeof::testing
