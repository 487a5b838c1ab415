#include "node/path_connector.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/node_world.h"

namespace nvmeof::testing {
namespace {

using node::PathProblem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

class PathConnectorTest : public NodeWorld {
 protected:
  node::ConnectTask Task(int enough) const {
    return {.subsystem = target.subsystem,
            .wanted = {Path(0), Path(1)},
            .options = {},
            .enough = enough,
            .priority = node::ConnectPriority::kFirstPath,
            .still_wanted = {}};
  }
  std::vector<PathProblem> Connect(const node::ConnectTask& task) {
    return *process_->connector.Connect(task, clock_.Now() + absl::Minutes(2));
  }
  volume::Path Path(std::size_t index) const { return {target.portals.at(index), {}}; }
  std::optional<std::vector<volume::Path>> Marked() const {
    return process->marks.Of(target.subsystem);
  }
};

TEST_F(PathConnectorTest, ConnectsUntilEnoughAreLive) {
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420"));
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(Connect(Task(2)), IsEmpty());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420", "connect 192.0.2.2:4420"));
}

TEST_F(PathConnectorTest, MarksBeforeItConnects) {
  std::optional<std::vector<volume::Path>> at_connect;
  effects_.OnEffect([&](const std::string& effect) {
    if (effect == "connect 192.0.2.1:4420") at_connect = Marked();
  });
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(at_connect, Optional(ElementsAre(Path(0))));
  EXPECT_THAT(Marked(), Optional(ElementsAre(Path(0))));
}

TEST_F(PathConnectorTest, ConnectsNothingThatItCannotMark) {
  effects_.Fail(2, absl::ResourceExhaustedError("no space"));  // known, the first path's mark
  const std::vector<PathProblem> problems = Connect(Task(1));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems.front().cause, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.2:4420"));
}

TEST_F(PathConnectorTest, AFailedConnectLeavesNoMark) {
  kernel_.SetGate([](const std::string&) { return absl::UnavailableError("broke off"); });
  const std::vector<PathProblem> problems = Connect(Task(1));
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems.front().path, Path(0));
  EXPECT_THAT(problems.front().cause, StatusIs(absl::StatusCode::kUnavailable, "broke off"));
  EXPECT_THAT(Marked(), Optional(IsEmpty()));
}

TEST_F(PathConnectorTest, WhatAPeerConnectedMeanwhileIsNotOursAndNotCountedAsLive) {
  effects_.OnEffect([this](const std::string& effect) {
    if (effect == "connect 192.0.2.1:4420") kernel_.ConnectAsPeer(target_, target_.portals.front());
  });
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(Marked(), Optional(ElementsAre(Path(1))));
}

TEST_F(PathConnectorTest, PathsOfAPeerAreLeftAloneAndTheSubsystemIsKnown) {
  kernel_.ConnectAsPeer(target_, target_.portals.front());
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(kernel_.log(), IsEmpty());
  EXPECT_THAT(Marked(), Optional(IsEmpty()));
}

// Two volumes of one subsystem want the same paths: both looked before either of them connected.
TEST_F(PathConnectorTest, TheMarkOfAPathThatTwoConnectStays) {
  std::vector<PathProblem> others;
  std::thread other;
  kernel_.SetGate([&](const std::string&) {
    if (other.joinable()) return absl::OkStatus();
    other = std::thread([&] {
      node::ConnectTask task = Task(1);
      task.wanted = {Path(0)};
      others = Connect(task);
    });
    const auto waits = [this] {
      return process_->scheduler.Look().of(node::ConnectPriority::kFirstPath).waiting == 1;
    };
    while (!waits()) std::this_thread::yield();
    return absl::OkStatus();
  });
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  other.join();
  EXPECT_THAT(others, IsEmpty());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420", "connect 192.0.2.1:4420"));
  EXPECT_THAT(Marked(), Optional(ElementsAre(Path(0))));
}

TEST_F(PathConnectorTest, HandsNoDeadPortalToTheKernel) {
  kernel_.Refuse(target_.portals.front());
  kernel_.Silence(target_.portals.back());
  EXPECT_THAT(Connect(Task(2)), SizeIs(2));
  EXPECT_THAT(kernel_.log(), IsEmpty());
}

TEST_F(PathConnectorTest, ASlowPortalIsAskedAgainWithTimeOfItsOwn) {
  kernel_.Hang(target_.portals.front());
  kernel_.Silence(target_.portals.back());
  const absl::Time begin = clock_.Now();
  effects_.OnEffect([this](const std::string& effect) {
    if (effect == "connect 192.0.2.1:4420") kernel_.Heal(target_.portals.back());
  });
  const std::vector<PathProblem> problems = Connect(Task(1));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems.front().path, Path(0));
  EXPECT_EQ(clock_.Now() - begin, absl::Seconds(60));
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.1:4420", "connect 192.0.2.2:4420"));
}

// The first of two portals is of RDMA now.
class MixedPathConnectorTest : public PathConnectorTest {
 protected:
  MixedPathConnectorTest() {
    target_.portals.front().transport = volume::kRdma;
    kernel_.Serve(target_);
  }
};

TEST_F(MixedPathConnectorTest, WhatCanBeAskedComesFirst) {
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_THAT(kernel_.log(), ElementsAre("connect 192.0.2.2:4420"));
  EXPECT_THAT(Connect(Task(2)), IsEmpty());
  EXPECT_THAT(kernel_.log(),
              ElementsAre("connect 192.0.2.2:4420", "connect rdma://192.0.2.1:4420"));
}

TEST_F(MixedPathConnectorTest, ADeadPortalThatNobodyCanAskDelaysNoAttach) {
  kernel_.Hang(target_.portals.front());
  const absl::Time begin = clock_.Now();
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_EQ(clock_.Now(), begin);
}

TEST_F(MixedPathConnectorTest, WhatTheKernelTookIsLiveOnlyWhenTheKernelSaysSo) {
  kernel_.Refuse(target_.portals.back());
  kernel_.Stall(target_.portals.front());
  EXPECT_THAT(Connect(Task(1)), SizeIs(2));
}

TEST_F(MixedPathConnectorTest, WhatNobodyCanAskServesWhereTheOthersDoNot) {
  kernel_.Silence(target_.portals.back());
  const std::vector<PathProblem> problems = Connect(Task(1));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems.front().path, Path(1));
  EXPECT_THAT(kernel_.log(), ElementsAre("connect rdma://192.0.2.1:4420"));
}

TEST_F(PathConnectorTest, EveryPathThatIsNotLiveHasItsCause) {
  kernel_.Hang(target_.portals.front());
  kernel_.Silence(target_.portals.back());
  const absl::Time begin = clock_.Now();
  EXPECT_THAT(Connect(Task(1)), SizeIs(2));
  EXPECT_EQ(clock_.Now() - begin, absl::Seconds(63));
}

TEST_F(PathConnectorTest, WhatIsNoLongerWantedIsNeitherConnectedNorMarked) {
  node::ConnectTask task = Task(1);
  task.still_wanted = [] { return false; };
  const std::vector<PathProblem> problems = Connect(task);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_THAT(problems.front().cause, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(kernel_.log(), IsEmpty());
  EXPECT_THAT(Marked(), Optional(IsEmpty()));
}

TEST_F(PathConnectorTest, AControllerInAnyOtherStateBelongsToTheKernel) {
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  kernel_.Stall(target_.portals.front());
  EXPECT_THAT(Connect(Task(1)), IsEmpty());
  EXPECT_EQ(kernel_.Count("connect 192.0.2.1"), 1);
  EXPECT_EQ(kernel_.Count("connect 192.0.2.2"), 1);
}

}  // namespace
}  // namespace nvmeof::testing
