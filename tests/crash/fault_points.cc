#include "tests/crash/fault_points.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "backend/idempotent_backend.h"
#include "backend/words.h"
#include "base/units.h"

namespace nvmeof::testing {
namespace {

using backend::Export;
using backend::ExportMode;
using backend::IdempotentBackend;
using backend::Volume;

constexpr std::int64_t kBytes = 16 * base::kMiB;
// No operation needs as many.
constexpr int kMostCalls = 100;
// An orchestrator calls again where it is told ABORTED or UNAVAILABLE.
constexpr int kMostTries = 3;

constexpr char kFaultsHead[] = R"(# Fault points of the backends

Made by the tests: `build/dev/tests/crash/crash_table_test --write`. Do not edit.

Each remote call of an operation goes wrong, in each of the ways below; a controller that knows nothing of it makes the
same call then, or the opposite one. It must be answered OK, at the third try if it says ABORTED or UNAVAILABLE till then;
the storage system must have what an undisturbed call leaves, and nothing at all when the volume is deleted in the end. A number says how many calls an operation makes, each
of which went wrong in every way; where one did not converge, the table says so. `static` asks no storage system. What
the agent of `nvmet` does between two of its own steps stands in [CRASH_TABLE.md](CRASH_TABLE.md).
)";

volume::Nqn Host(const std::string& name) {
  return *volume::Nqn::Parse("nqn.2014-08.org.nvmexpress:" + name);
}

// One volume's life, with a storage system that it has for itself.
class Life {
 public:
  explicit Life(FaultySystem& system) : system_(system) {}

  absl::Status Create() {
    const absl::StatusOr<Volume> made = whole().CreateOrGet(Request(), system_.Deadline());
    if (made.ok()) id_ = made->id;
    return made.status();
  }
  absl::Status ExportToHost() {
    return whole().ExportOrGet(*id_, Wanted(), system_.Deadline()).status();
  }
  absl::Status Unexport() { return whole().Unexport(*id_, Host("a"), system_.Deadline()); }
  absl::Status Expand() {
    bytes_ = 2 * kBytes;
    return system_.backend()
        .Expand(*id_, {.required_bytes = bytes_, .limit_bytes = bytes_}, system_.Deadline())
        .status();
  }
  absl::Status Delete() { return whole().Delete(*id_, system_.Deadline()); }

  absl::Status Connect() {
    const absl::StatusOr<Volume> volume = system_.backend().Get(*id_, system_.Deadline());
    if (!volume.ok()) return volume.status();
    if (system_.Connects(*volume, Host("a"))) return absl::OkStatus();
    return absl::InternalError("the host is not let in");
  }

  // Nothing where all is as it should be.
  std::string WhyNotThere(bool exported) {
    const absl::StatusOr<Volume> volume = system_.backend().Get(*id_, system_.Deadline());
    if (!volume.ok()) return volume.status().ToString();
    if (volume->size_bytes != bytes_) return absl::StrCat("it has ", volume->size_bytes, " bytes");
    if (!backend::SameWords(volume->name, Request().name) ||
        !backend::SameWords(volume->fingerprint, Request().fingerprint)) {
      return absl::StrCat("it is called ", volume->name, ", ", volume->fingerprint);
    }
    if (volume->exports.size() != (exported ? 1U : 0U)) {
      return absl::StrCat("it has ", volume->exports.size(), " exports");
    }
    if (exported &&
        !backend::SameWords(volume->exports.front().fingerprint, Wanted().fingerprint)) {
      return absl::StrCat("it is exported as ", volume->exports.front().fingerprint);
    }
    if (system_.Connects(*volume, Host("a")) != exported) return "host a is let in, or is not";
    return system_.Connects(*volume, Host("b")) ? "host b is let in" : "";
  }
  std::string WhyNotGone() {
    const absl::StatusOr<Volume> volume = system_.backend().Get(*id_, system_.Deadline());
    return absl::IsNotFound(volume.status()) ? "" : "it is still there";
  }
  // Takes away what there is.
  std::string WhyNotEmptied() {
    if (id_.has_value()) {
      absl::Status gone = Unexport();
      gone.Update(Delete());
      if (!gone.ok()) return gone.ToString();
    }
    const std::string left = system_.Inventory();
    return left.empty() ? "" : absl::StrCat("left: ", left);
  }

 private:
  static backend::CreateRequest Request() {
    return {.name = "pvc-1",
            .size = {.required_bytes = kBytes, .limit_bytes = 2 * kBytes},
            .fingerprint = "words",
            .context = {{"minPaths", "1"}}};
  }
  static Export Wanted() { return {Host("a"), ExportMode::kSingleNode, "rw"}; }
  IdempotentBackend whole() { return IdempotentBackend(system_.backend()); }

  FaultySystem& system_;
  std::optional<volume::VolumeId> id_;
  std::int64_t bytes_ = kBytes;
};

using Step = absl::Status (Life::*)();

struct Story {
  const char* name;
  std::vector<Step> before;
  Step disturbed;
  Step then;
  bool gone;      // afterwards
  bool exported;  // afterwards
};

std::vector<Story> Stories() {
  const std::vector<Step> volume = {&Life::Create};
  const std::vector<Step> in_use = {&Life::Create, &Life::ExportToHost, &Life::Connect};
  return {
      {"create, again", {}, &Life::Create, &Life::Create, false, false},
      {"export, again", volume, &Life::ExportToHost, &Life::ExportToHost, false, true},
      {"export, then unexport", volume, &Life::ExportToHost, &Life::Unexport, false, false},
      {"expand, again", in_use, &Life::Expand, &Life::Expand, false, true},
      {"unexport, again", in_use, &Life::Unexport, &Life::Unexport, false, false},
      {"unexport, then export", in_use, &Life::Unexport, &Life::ExportToHost, false, true},
      {"delete, again", volume, &Life::Delete, &Life::Delete, true, false},
  };
}

struct Told {
  bool reached;         // the operation made as many calls
  std::string failure;  // empty = it converged
};

Told Tell(FaultySystem& system, const Story& story, int n, std::size_t fault) {
  Life life(system);
  for (const Step step : story.before) {
    const absl::Status prepared = (life.*step)();
    if (!prepared.ok()) return {true, absl::StrCat("before: ", prepared.ToString())};
  }
  const int before = system.calls();
  system.FailAt(n, fault);
  const absl::Status first = (life.*story.disturbed)();
  const bool reached = system.calls() - before >= n;
  system.FailAt(0, fault);
  system.NewController();
  absl::Status then;
  for (int i = 0; i < kMostTries; ++i) {
    then = (life.*story.then)();
    if (!absl::IsAborted(then) && !absl::IsUnavailable(then)) break;
  }
  std::string failure;
  if (!reached && !first.ok()) {
    failure = absl::StrCat("undisturbed: ", first.ToString());
  } else if (!then.ok()) {
    failure = absl::StrCat("then: ", then.ToString());
  } else {
    failure = story.gone ? life.WhyNotGone() : life.WhyNotThere(story.exported);
  }
  const std::string left = life.WhyNotEmptied();
  if (failure.empty()) failure = left;
  return {reached, failure};
}

FaultRow WalkStory(const FaultCase& fault_case, const Story& story, std::size_t faults) {
  FaultRow row{story.name, 0, {}};
  for (std::size_t fault = 0; fault < faults; ++fault) {
    std::unique_ptr<FaultySystem> system = fault_case.make();
    int n = 1;
    for (bool reached = true; reached && n <= kMostCalls; ++n) {
      const Told told = Tell(*system, story, n, fault);
      reached = told.reached;
      if (reached) row.points = std::max(row.points, n);
      if (told.failure.empty()) continue;
      row.failures.push_back(absl::StrCat(fault_case.backend, ", ", story.name, ", call ", n, " ",
                                          system->faults()[fault], ": ", told.failure));
      system = fault_case.make();
    }
    if (n > kMostCalls) row.failures.push_back(absl::StrCat(story.name, " never ends"));
  }
  return row;
}

}  // namespace

FaultTable WalkFaults(const FaultCase& fault_case) {
  FaultTable table{fault_case.backend, fault_case.make()->faults(), {}};
  for (const Story& story : Stories()) {
    table.rows.push_back(WalkStory(fault_case, story, table.faults.size()));
  }
  return table;
}

std::string RenderFaults(const std::vector<FaultTable>& tables) {
  std::string text = kFaultsHead;
  absl::StrAppend(&text, "\n| |");
  for (const FaultTable& table : tables) absl::StrAppend(&text, " ", table.backend, " |");
  absl::StrAppend(&text, "\n| --- |");
  for (std::size_t i = 0; i < tables.size(); ++i) absl::StrAppend(&text, " ---: |");
  for (std::size_t row = 0; row < tables.front().rows.size(); ++row) {
    absl::StrAppend(&text, "\n| ", tables.front().rows[row].story, " |");
    for (const FaultTable& table : tables) {
      const FaultRow& its = table.rows[row];
      absl::StrAppend(&text, " ", its.points);
      if (!its.failures.empty()) {
        absl::StrAppend(&text, " **", its.failures.size(), " do not converge**");
      }
      absl::StrAppend(&text, " |");
    }
  }
  absl::StrAppend(&text, "\n\nWays in which a call goes wrong:\n\n");
  for (const FaultTable& table : tables) {
    absl::StrAppend(&text, "- ", table.backend, ": ", absl::StrJoin(table.faults, "; "), "\n");
  }
  return text;
}

}  // namespace nvmeof::testing
