// The crash table: what becomes of an operation whose process is killed before each of its effects,
// and after the last one, before the answer. docs/CRASH_TABLE.md is this table, rendered.
//
// A fault point is an effect at a seam (tests/fakes/effects.h): each change of the kernel, the
// disks or the records passes one, and the release binary has no fault points by construction.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "tests/fakes/effects.h"

namespace nvmeof::testing {

// A world made for one crash: prepared, and the operation not yet begun.
class CrashScene {
 public:
  virtual ~CrashScene() = default;

  virtual Effects& effects() = 0;
  virtual absl::Status Call() = 0;
  virtual absl::Status CallOpposite() = 0;

  // A new process over the same kernel and disks.
  virtual void Restart() = 0;

  // Everything that there is, for comparing: kernel, disks, records. What is chosen at random must
  // look alike in each world. May first let the process do what it does on its own at rest.
  virtual std::string State() = 0;
};

struct CrashCase {
  std::string half;       // "agent" or "node"
  std::string operation;  // "export to a first host"
  std::string opposite;   // "unexport"
  // What the operation and its opposite may answer besides OK when there is nothing left to do.
  absl::StatusCode already = absl::StatusCode::kOk;
  absl::StatusCode already_opposite = absl::StatusCode::kOk;
  std::function<std::unique_ptr<CrashScene>()> make;
};

// What a call answered after the crash and the restart, and why that is wrong, if it is.
struct Outcome {
  std::string answer;   // "OK", or the code that says that it was done already
  std::string failure;  // empty: it converged to what an undisturbed run leaves
};

struct Row {
  std::string half;
  std::string operation;
  std::string opposite_name;
  std::string point;  // the effect that did not happen any more, variable parts reduced
  Outcome same;
  Outcome opposite;
};

// One row for each effect of the undisturbed operation, and one for a crash before its answer.
// Aborts when the undisturbed run fails: then there is nothing to compare with.
std::vector<Row> Walk(const CrashCase& crash_case);

// "mkdir subsystems/nqn.2026-01.dev:x" is "mkdir subsystems/NQN"; UUIDs, handles, and names of NVMe
// devices are reduced in the same way.
std::string PointName(absl::string_view effect);

// The whole Markdown file.
std::string Render(const std::vector<Row>& rows);

// The halves. One source file each.
std::vector<Row> AgentRows();
std::vector<Row> NodeRows();

}  // namespace nvmeof::testing
