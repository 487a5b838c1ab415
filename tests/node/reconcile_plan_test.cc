#include "node/reconcile_plan.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/node/observations.h"

namespace nvmeof::node {

void PrintTo(const Action& action, std::ostream* out) {
  *out << Name(action.kind) << " " << action.volume_id;
  for (const volume::Path& path : action.paths) *out << " " << volume::Describe(path);
  if (action.without_live_path) *out << " (without live path)";
  if (action.kernel_gave_up) *out << " (given up)";
}

}  // namespace nvmeof::node

namespace nvmeof::testing {
namespace {

using node::Action;
using node::PlanReconcile;
using node::PlanVolume;
using node::PromisedVolume;
using node::StageState;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using Kind = Action::Kind;

PromisedVolume Staged(node::Observation seen, std::optional<volume::IoPolicy> io_policy = {}) {
  PromisedVolume promised{"v1", StageState::kStaged, {}, std::move(seen)};
  promised.policy.io_policy = io_policy;
  return promised;
}

PromisedVolume In(StageState state, node::Observation seen) {
  PromisedVolume promised = Staged(std::move(seen));
  promised.state = state;
  return promised;
}

PromisedVolume NotHeld(PromisedVolume promised) {
  promised.held = false;
  return promised;
}

// Volume 2 of the same subsystem.
PromisedVolume Second(PromisedVolume promised) {
  promised.volume_id = "v2";
  promised.seen.target = TargetOfTests(2);
  return promised;
}

Action Do(Kind kind, std::vector<volume::Path> paths = {}, std::string volume_id = "v1") {
  return {kind, TargetOfTests().subsystem.text(), std::move(volume_id), std::move(paths), false,
          false};
}
Action ConnectWithoutLivePath(std::vector<volume::Path> paths, bool kernel_gave_up) {
  Action action = Do(Kind::kConnect, std::move(paths));
  action.without_live_path = true;
  action.kernel_gave_up = kernel_gave_up;
  return action;
}

nvme::Subsystem One(State state, std::vector<nvme::Namespace> namespaces = {NamespaceOf(1)}) {
  return SubsystemOf({ControllerAt(1, state)}, std::move(namespaces));
}
nvme::Subsystem BothAnd(int further, State state = State::kLive) {
  return SubsystemOf(
      {ControllerAt(1, state), ControllerAt(2, state), ControllerAt(further, State::kLive)},
      {NamespaceOf(1)});
}
// A path that reconnects keeps the disk, the live one has none.
nvme::Subsystem DiskOfAPathThatReconnects() {
  nvme::Subsystem subsystem = SubsystemOf(
      {ControllerAt(1, State::kConnecting), ControllerAt(2, State::kLive)}, {NamespaceOf(1)});
  subsystem.controllers.back().serves.clear();
  return subsystem;
}
nvme::Subsystem ClosedByTheTarget() {
  nvme::Subsystem subsystem = BothLive();
  for (nvme::Controller& controller : subsystem.controllers) {
    std::swap(controller.serves, controller.closed);
  }
  return subsystem;
}

const std::vector<node::Endpoint> kStale = {{"/staging", kOldNumber}};
const std::vector<node::Endpoint> kFree = {{"/publish", std::nullopt}};
const std::vector<node::Endpoint> kRight = {{"/staging", kDiskNumber}};
constexpr auto kQueueDepth = volume::IoPolicy::kQueueDepth;

struct PlanRow {
  const char* what;
  PromisedVolume promised;
  std::vector<Action> plan;
  std::vector<volume::Path> marked = {};
};

std::vector<PlanRow> RowsOfPathsAndPlaces() {
  std::vector<PlanRow> rows = {
      {"healthy", Staged(Seen(BothLive(), kRight)), {}},
      {"no subsystem",
       Staged(Seen(std::nullopt, kStale)),
       {ConnectWithoutLivePath({PathAt(1), PathAt(2)}, true)}},
      {"no controller",
       Staged(Seen(SubsystemOf({}, {}), kStale)),
       {ConnectWithoutLivePath({PathAt(1), PathAt(2)}, true)}},
      {"no live path: the kernel goes on",
       Staged(Seen(
           SubsystemOf({ControllerAt(1, State::kConnecting), ControllerAt(2, State::kResetting)},
                       {NamespaceOf(1)}),
           kRight)),
       {}},
      {"no live path, and one given up",
       Staged(Seen(One(State::kConnecting), kRight)),
       {ConnectWithoutLivePath({PathAt(2)}, false)}},
      {"the last one is being deleted",
       Staged(Seen(One(State::kDeleting), kRight)),
       {ConnectWithoutLivePath({PathAt(1), PathAt(2)}, false)}},
      {"one given up", Staged(Seen(One(State::kLive), kRight)), {Do(Kind::kConnect, {PathAt(2)})}},
      {"no namespace",
       Staged(Seen(SubsystemOf({ControllerAt(1, State::kLive), ControllerAt(2, State::kLive)}, {}),
                   kRight)),
       {Do(Kind::kRescan)}},
      {"no namespace and one given up",
       Staged(Seen(One(State::kLive, {}))),
       {Do(Kind::kConnect, {PathAt(2)}), Do(Kind::kRescan)}},
      {"a disk that only a path that reconnects still has",
       Staged(Seen(DiskOfAPathThatReconnects(), kRight)),
       {Do(Kind::kRescan)}},
      {"a disk that the target closed", Staged(Seen(ClosedByTheTarget(), kRight)), {}},
      {"another volume in its place",
       Staged(Seen(One(State::kLive, {NamespaceOf(2, 1)})), kQueueDepth),
       {}},
      {"another volume in its place, and a node that nobody holds",
       NotHeld(Staged(Seen(One(State::kLive, {NamespaceOf(2, 1)}), kStale))),
       {Do(Kind::kUnbind)}},
      {"another volume in its place, and the path is free",
       NotHeld(Staged(Seen(One(State::kLive, {NamespaceOf(2, 1)}), kFree))),
       {}},
      {"no subsystem, and a node that nobody holds",
       NotHeld(Staged(Seen(std::nullopt, kStale))),
       {Do(Kind::kUnbind), ConnectWithoutLivePath({PathAt(1), PathAt(2)}, true)}},
      {"no namespace, and a node that nobody holds",
       NotHeld(Staged(
           Seen(SubsystemOf({ControllerAt(1, State::kLive), ControllerAt(2, State::kLive)}, {}),
                kRight))),
       {Do(Kind::kUnbind), Do(Kind::kRescan)}},
      {"the old disk is mounted", Staged(Seen(BothLive(), kStale)), {Do(Kind::kRestore)}},
      {"the old disk is mounted, one given up",
       Staged(Seen(One(State::kLive), kStale)),
       {Do(Kind::kConnect, {PathAt(2)}), Do(Kind::kRestore)}},
      {"nothing is mounted",
       Staged(Seen(BothLive(), {{"/pod", std::nullopt}})),
       {Do(Kind::kRestore)}},
  };
  return rows;
}

std::vector<PlanRow> RowsOfWishes() {
  const auto with_policy = [](const char* is) {
    nvme::Subsystem subsystem = BothLive();
    subsystem.io_policy = is;
    return subsystem;
  };
  PromisedVolume needs_both = Staged(Seen(BothAnd(7)));
  needs_both.policy.min_paths = 2;
  nvme::Subsystem one_and_old = One(State::kLive);
  one_and_old.controllers.push_back(ControllerAt(7, State::kLive));
  PromisedVolume lacks_one = Staged(Seen(one_and_old));
  lacks_one.policy.min_paths = 2;
  return {
      {"another I/O policy",
       Staged(Seen(with_policy("numa")), kQueueDepth),
       {Do(Kind::kSetIoPolicy)}},
      {"the wanted I/O policy", Staged(Seen(with_policy("queue-depth")), kQueueDepth), {}},
      {"what an old kernel got for queue-depth",
       Staged(Seen(with_policy("round-robin")), kQueueDepth),
       {}},
      {"queue-depth where round-robin is wanted",
       Staged(Seen(with_policy("queue-depth")), volume::IoPolicy::kRoundRobin),
       {Do(Kind::kSetIoPolicy)}},
      {"no wish for an I/O policy", Staged(Seen(with_policy("round-robin"))), {}},
      {"an I/O policy of what is not there",
       Staged(Seen(SubsystemOf({}, {}), kStale), kQueueDepth),
       {ConnectWithoutLivePath({PathAt(1), PathAt(2)}, true)}},
      {"portals moved: ours",
       Staged(Seen(BothAnd(7), kRight)),
       {Do(Kind::kDrop, {PathAt(7)})},
       {PathAt(1), PathAt(2), PathAt(7)}},
      {"portals moved: a peer's path",
       Staged(Seen(BothAnd(7), kRight)),
       {},
       {PathAt(1), PathAt(2)}},
      {"portals moved, the new ones not live",
       Staged(Seen(BothAnd(7, State::kConnecting), kRight)),
       {},
       {PathAt(7)}},
      {"portals moved, minPaths live", needs_both, {Do(Kind::kDrop, {PathAt(7)})}, {PathAt(7)}},
      {"portals moved, fewer than minPaths live",
       lacks_one,
       {Do(Kind::kConnect, {PathAt(2)})},
       {PathAt(7)}},
      {"a mark of what is gone", Staged(Seen(BothLive())), {}, {PathAt(7)}},
  };
}

std::vector<PlanRow> PlanRows() {
  std::vector<PlanRow> rows = RowsOfPathsAndPlaces();
  for (PlanRow& row : RowsOfWishes()) rows.push_back(std::move(row));
  for (const StageState state : {StageState::kStaging, StageState::kUnstaging}) {
    for (const auto& subsystem : {std::optional<nvme::Subsystem>(), std::optional(BothAnd(7)),
                                  std::optional(One(State::kLive, {}))}) {
      rows.push_back({"staging or unstaging", In(state, Seen(subsystem, kStale)), {}, {PathAt(7)}});
    }
  }
  return rows;
}

TEST(PlanVolumeTest, EveryRow) {
  const std::vector<PlanRow> rows = PlanRows();
  for (const PlanRow& row : rows) {
    EXPECT_THAT(PlanVolume(row.promised, row.marked), ElementsAreArray(row.plan)) << row.what;
  }
}

// The whole plan does for one volume what the part for it says.
TEST(PlanReconcileTest, EveryRowOfOneVolume) {
  const std::vector<PlanRow> rows = PlanRows();
  for (const PlanRow& row : rows) {
    node::Picture picture{{row.promised}, {}};
    if (!row.marked.empty()) picture.marks[TargetOfTests().subsystem.text()] = row.marked;
    EXPECT_THAT(PlanReconcile(picture), ElementsAreArray(row.plan)) << row.what;
  }
}

class SharedSubsystemTest : public ::testing::Test {
 protected:
  static nvme::Subsystem Shared() {
    return SubsystemOf(BothAnd(7).controllers, {NamespaceOf(1), NamespaceOf(2, 0, kOldNumber)});
  }
  static node::Picture Two(PromisedVolume first, PromisedVolume second) {
    return {{std::move(first), Second(std::move(second))},
            {{TargetOfTests().subsystem.text(), {PathAt(1), PathAt(2), PathAt(7)}}}};
  }
};

TEST_F(SharedSubsystemTest, EachVolumeIsPlannedForItself) {
  nvme::Subsystem subsystem = BothLive();
  EXPECT_THAT(PlanReconcile(Two(Staged(Seen(subsystem)), Staged(Seen(subsystem)))),
              ElementsAre(Do(Kind::kRescan, {}, "v2")));
}

TEST_F(SharedSubsystemTest, APathThatTheOtherVolumeWantsStays) {
  PromisedVolume other = Staged(Seen(Shared()));
  other.seen.wanted.push_back(PathAt(7));
  EXPECT_THAT(PlanReconcile(Two(Staged(Seen(Shared())), other)), IsEmpty());
}

TEST_F(SharedSubsystemTest, NothingIsDroppedWhileACallStagesTheOtherVolume) {
  for (const StageState state : {StageState::kStaging, StageState::kUnstaging}) {
    EXPECT_THAT(PlanReconcile(Two(Staged(Seen(Shared())), In(state, Seen(Shared())))), IsEmpty());
  }
}

TEST_F(SharedSubsystemTest, TheFirstVolumeDecidesTheIoPolicy) {
  const auto wishes = [](std::optional<volume::IoPolicy> policy, const char* is) {
    return Staged(Seen(SubsystemOf(BothLive().controllers,
                                   {NamespaceOf(1), NamespaceOf(2, 0, kOldNumber)}, is)),
                  policy);
  };
  const auto plan = [&](std::optional<volume::IoPolicy> first, const char* is) {
    return PlanReconcile(Two(wishes(first, is), wishes(volume::IoPolicy::kRoundRobin, is)));
  };
  EXPECT_THAT(plan(volume::IoPolicy::kNuma, "numa"), IsEmpty());
  EXPECT_THAT(plan(volume::IoPolicy::kNuma, "round-robin"), ElementsAre(Do(Kind::kSetIoPolicy)));
  EXPECT_THAT(plan(std::nullopt, "numa"), ElementsAre(Do(Kind::kSetIoPolicy, {}, "v2")));
}

TEST(PlanReconcileTest, ReapsWhatIsMarkedAndPromisedByNoRecord) {
  const std::string other = "nqn.2026-01.dev.nvmeof:other";
  node::Picture picture{{Staged(Seen(BothLive()))}, {{other, {PathAt(1)}}}};
  EXPECT_THAT(PlanReconcile(picture),
              ElementsAre(Action{Kind::kReap, other, "", {PathAt(1)}, false, false}));
}

// Also its mark is to go when nothing is connected any more, or nothing was ours.
TEST(PlanReconcileTest, ReapsAlsoWhatHasNoPathOfOurs) {
  const std::string nqn = TargetOfTests().subsystem.text();
  EXPECT_THAT(PlanReconcile({{}, {{nqn, {}}}}),
              ElementsAre(Action{Kind::kReap, nqn, "", {}, false, false}));
}

TEST(PlanReconcileTest, NothingOfAnyRecordIsReaped) {
  const std::string nqn = TargetOfTests().subsystem.text();
  for (const StageState state :
       {StageState::kStaging, StageState::kStaged, StageState::kUnstaging}) {
    EXPECT_THAT(PlanReconcile({{In(state, Seen(BothLive()))}, {{nqn, {PathAt(1)}}}}), IsEmpty());
  }
}

TEST(PlanReconcileTest, NothingPromisedAndNothingMarkedIsNothingToDo) {
  EXPECT_THAT(PlanReconcile({}), IsEmpty());
}

}  // namespace
}  // namespace nvmeof::testing
