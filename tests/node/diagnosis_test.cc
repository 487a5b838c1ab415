#include "node/diagnosis.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/matchers/status_matchers.h"
#include "tests/node/observations.h"

namespace nvmeof::testing {
namespace {

using node::Diagnose;
using node::Diagnosis;
using node::Endpoint;
using node::Observation;
using ::testing::HasSubstr;

struct Row {
  const char* what;  // a letter is the row of the kernel's orphan taxonomy
  Observation seen;
  Diagnosis diagnosis;
  const char* message;  // a part of it
  absl::StatusCode usable;
};

nvme::Subsystem Live(std::vector<nvme::Namespace> namespaces) {
  return SubsystemOf({ControllerAt(1, State::kLive), ControllerAt(2, State::kLive)},
                     std::move(namespaces));
}
// Both paths live, and some of them closed to a namespace of the two.
nvme::Subsystem ClosedTo(std::uint32_t nsid, const std::vector<std::size_t>& paths) {
  nvme::Subsystem subsystem = Live({NamespaceOf(1), NamespaceOf(2, 0, kOldNumber)});
  for (const std::size_t n : paths) {
    nvme::Controller& controller = subsystem.controllers.at(n - 1);
    std::erase(controller.serves, nsid);
    controller.closed = {nsid};
  }
  return subsystem;
}
// The live path has dropped its disk, the other one keeps it.
nvme::Subsystem Dropped(State other) {
  nvme::Subsystem subsystem =
      SubsystemOf({ControllerAt(1, State::kLive), ControllerAt(2, other)}, {NamespaceOf(1)});
  subsystem.controllers.front().serves.clear();
  return subsystem;
}

nvme::Subsystem InStates(State first, State second) {
  return SubsystemOf({ControllerAt(1, first), ControllerAt(2, second)}, {NamespaceOf(1)});
}
Endpoint On(base::DeviceNumber device) { return {"/staging", device}; }

std::vector<Row> RowsOfConnections() {
  using Code = absl::StatusCode;
  std::vector<Row> rows = {
      {"all is well", Seen(BothLive(), {On(kDiskNumber)}), Diagnosis::kHealthy,
       "2 paths to nqn.2026-01.dev.nvmeof:s are live", Code::kOk},
      {"nothing mounted that should be: a raw block volume", Seen(BothLive()), Diagnosis::kHealthy,
       "", Code::kOk},
      {"no subsystem", Seen(std::nullopt, {On(kDiskNumber)}), Diagnosis::kNoSubsystem,
       "nqn.2026-01.dev.nvmeof:s is not connected", Code::kNotFound},
      {"A: a subsystem without controllers", Seen(SubsystemOf({}, {}), {On(kDiskNumber)}),
       Diagnosis::kNoController, "has no connection", Code::kNotFound},
      {"A: and with a dead disk", Seen(SubsystemOf({}, {NamespaceOf(1)})), Diagnosis::kNoController,
       "has no connection", Code::kNotFound},
      {"B: live controllers without a namespace", Seen(Live({})), Diagnosis::kNoNamespace,
       "shows no namespace with uuid 4c0f1e8a-1111-4222-8333-444455556661, nsid 1",
       Code::kNotFound},
      // Without a head disk there is nothing to open, whatever the hidden disks of the paths say.
      {"C: no path was accessible since the connect", Seen(Live({})), Diagnosis::kNoNamespace, "",
       Code::kNotFound},
      {"D: all connecting", Seen(InStates(State::kConnecting, State::kConnecting)),
       Diagnosis::kNoLivePath, "192.0.2.1:4420 is connecting, 192.0.2.2:4420 is connecting",
       Code::kUnavailable},
      {"D: one resets, one goes", Seen(InStates(State::kResetting, State::kDeleting)),
       Diagnosis::kNoLivePath, "resetting", Code::kUnavailable},
      {"D: no namespace yet either", Seen(SubsystemOf({ControllerAt(1, State::kNew)}, {})),
       Diagnosis::kNoLivePath, "192.0.2.1:4420 is new", Code::kUnavailable},
      {"E: the disk is there and no path is accessible any more", Seen(ClosedTo(1, {1, 2})),
       Diagnosis::kNoLivePath,
       "takes I/O for nvme1n1: 192.0.2.1:4420 is live with ANA state inaccessible",
       Code::kUnavailable},
      {"E: one path is accessible", Seen(ClosedTo(1, {2})), Diagnosis::kHealthy, "", Code::kOk},
      {"E: the paths are closed to another namespace", Seen(ClosedTo(2, {1, 2})),
       Diagnosis::kHealthy, "", Code::kOk},
      {"the namespace was removed while a path reconnects, which keeps the disk",
       Seen(Dropped(State::kConnecting)), Diagnosis::kNoLivePath,
       "192.0.2.1:4420 is live without this namespace, 192.0.2.2:4420 is connecting",
       Code::kUnavailable},
      {"the disk of one live path is not there yet", Seen(Dropped(State::kLive)),
       Diagnosis::kHealthy, "", Code::kOk},
  };
  return rows;
}

std::vector<Row> RowsOfDisks() {
  using Code = absl::StatusCode;
  std::vector<Row> rows = {
      {"F: the namespace went under the mount", Seen(Live({}), {On(kDiskNumber)}),
       Diagnosis::kNoNamespace, "", Code::kNotFound},
      {"F: and came back as another disk", Seen(BothLive(), {On(kOldNumber)}),
       Diagnosis::kStaleEndpoint, "/staging is on 259:9, while nvme1n1 is 259:1", Code::kOk},
      {"F: one of several places has the old one",
       Seen(BothLive(), {On(kDiskNumber), {"/pod", kOldNumber}}), Diagnosis::kStaleEndpoint,
       "/pod is on 259:9", Code::kOk},
      {"a place where nothing is mounted", Seen(BothLive(), {{"/pod", std::nullopt}}),
       Diagnosis::kStaleEndpoint, "/pod has nothing mounted", Code::kOk},
      // A controller in the making is in no subsystem.
      {"G: the first connect is in the kernel", Seen(std::nullopt), Diagnosis::kNoSubsystem, "",
       Code::kNotFound},
      {"another namespace under our NSID", Seen(Live({NamespaceOf(2, 1)})),
       Diagnosis::kWrongIdentity, "it is another volume and was not touched",
       Code::kFailedPrecondition},
      {"another namespace while no path is live",
       Seen(SubsystemOf({ControllerAt(1, State::kConnecting)}, {NamespaceOf(2, 1)})),
       Diagnosis::kWrongIdentity, "nvme1n2", Code::kFailedPrecondition},
      {"another volume's namespace beside none of ours", Seen(Live({NamespaceOf(2)})),
       Diagnosis::kNoNamespace, "", Code::kNotFound},
      {"ours beside another volume's", Seen(Live({NamespaceOf(2, 0, kOldNumber), NamespaceOf(1)})),
       Diagnosis::kHealthy, "", Code::kOk},
      {"a path that the kernel gave up",
       Seen(SubsystemOf({ControllerAt(1, State::kLive)}, {NamespaceOf(1)})), Diagnosis::kDegraded,
       "1 of 2 paths to nqn.2026-01.dev.nvmeof:s are live: 192.0.2.2:4420 is not connected",
       Code::kOk},
      {"a path that reconnects", Seen(InStates(State::kConnecting, State::kLive)),
       Diagnosis::kDegraded, "192.0.2.1:4420 is connecting", Code::kOk},
      {"live only where the portals were",
       Seen(SubsystemOf({ControllerAt(7, State::kLive)}, {NamespaceOf(1)})), Diagnosis::kDegraded,
       "0 of 2 paths", Code::kOk},
      {"a stale place and a lost path",
       Seen(SubsystemOf({ControllerAt(1, State::kLive)}, {NamespaceOf(1)}), {On(kOldNumber)}),
       Diagnosis::kStaleEndpoint, "", Code::kOk},
  };
  return rows;
}

std::vector<Row> Rows() {
  std::vector<Row> rows = RowsOfConnections();
  for (Row& row : RowsOfDisks()) rows.push_back(std::move(row));
  return rows;
}

TEST(DiagnosisTest, EveryRow) {
  const std::vector<Row> rows = Rows();
  for (const Row& row : rows) {
    const node::Condition condition = Diagnose(row.seen);
    EXPECT_EQ(condition.diagnosis, row.diagnosis)
        << row.what << ": it says " << Name(condition.diagnosis);
    EXPECT_TRUE(absl::StartsWith(condition.message, Name(row.diagnosis))) << condition.message;
    EXPECT_THAT(condition.message, HasSubstr(row.message)) << row.what;
    EXPECT_THAT(UsableNamespace(row.seen), StatusIs(row.usable)) << row.what;
  }
}

TEST(DiagnosisTest, UsableIsTheNamespaceOfTheVolumeItself) {
  const auto ns = UsableNamespace(Seen(Live({NamespaceOf(2, 0, kOldNumber), NamespaceOf(1)})));
  ASSERT_OK(ns);
  EXPECT_EQ(ns->number, kDiskNumber);
}

}  // namespace
}  // namespace nvmeof::testing
