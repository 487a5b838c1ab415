#include "tests/crash/crash_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace nvmeof::testing {
namespace {

constexpr char kBeforeTheAnswer[] = "the answer";

constexpr char kHead[] =
    R"(# Crash table

Made by the tests: `build/dev/tests/crash/crash_table_test --write`. Do not edit.

The process is killed just before the effect in the first column and started again over the same kernel and disks.
Then either the same call is made, or the opposite one. Each must leave exactly what it leaves when nothing was
killed; the table shows what it answers. "The answer" is a crash when all is done and nobody was told. The agent's
rows hold for a reboot of its machine, too.
)";

struct Undisturbed {
  std::vector<std::string> points;
  std::string done;
  std::string undone;
};

void RequireOk(const absl::Status& status, const CrashCase& crash_case) {
  if (status.ok()) return;
  std::cerr << crash_case.operation << " undisturbed: " << status << "\n";
  std::abort();
}

Undisturbed RunUndisturbed(const CrashCase& crash_case) {
  Undisturbed run;
  const std::unique_ptr<CrashScene> scene = crash_case.make();
  scene->effects().Forget();
  RequireOk(scene->Call(), crash_case);
  for (const std::string& effect : scene->effects().log()) run.points.push_back(PointName(effect));
  run.done = scene->State();
  RequireOk(scene->CallOpposite(), crash_case);
  run.undone = scene->State();
  run.points.emplace_back(kBeforeTheAnswer);
  return run;
}

Outcome Judge(const absl::Status& answer, absl::StatusCode already, const std::string& state,
              const std::string& wanted) {
  Outcome outcome{absl::StatusCodeToString(answer.code()), ""};
  if (!answer.ok() && answer.code() != already) outcome.failure = answer.ToString();
  if (state != wanted) {
    absl::StrAppend(&outcome.failure, "\nleft:\n", state, "\nwanted:\n", wanted);
  }
  return outcome;
}

std::unique_ptr<CrashScene> Crashed(const CrashCase& crash_case, int n) {
  std::unique_ptr<CrashScene> scene = crash_case.make();
  scene->effects().DieAt(n);
  scene->Call().IgnoreError();
  scene->Restart();
  return scene;
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsWord(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }
bool IsIdentity(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == '-'; }

// The length of the word at the beginning of `text` that stands for something variable, and what to
// write in its place.
std::size_t VariableWord(absl::string_view text, absl::string_view& instead) {
  const auto length_of = [&text](auto belongs) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), belongs) -
                                    text.begin());
  };
  if (absl::StartsWith(text, "nqn.")) {
    instead = "NQN";
    return length_of([](char c) { return c != '/' && c != ' '; });
  }
  constexpr absl::string_view kSubsystem = "nvme-subsys";
  if (absl::StartsWith(text, kSubsystem)) {
    instead = "nvme-subsysX";
    text.remove_prefix(kSubsystem.size());
    return kSubsystem.size() + length_of(IsDigit);
  }
  if (absl::StartsWith(text, "nvme") && text.size() > 4 && IsDigit(text[4])) {
    const std::size_t length = length_of(IsWord);
    instead = absl::StrContains(text.substr(4, length - 4), 'n') ? "nvmeXnY" : "nvmeX";
    return length;
  }
  const std::size_t identity = length_of(IsIdentity);
  instead = "ID";
  const bool known = identity == 20 || identity == 32 || identity == 36;  // serial, handle, UUID
  return known ? identity : 0;
}

// The rows up to the first that belongs to another operation.
std::size_t LengthOfOperation(const std::vector<Row>& rows, std::size_t first) {
  std::size_t end = first;
  while (end < rows.size() && rows[end].half == rows[first].half &&
         rows[end].operation == rows[first].operation) {
    ++end;
  }
  return end - first;
}

}  // namespace

std::vector<Row> Walk(const CrashCase& crash_case) {
  const Undisturbed undisturbed = RunUndisturbed(crash_case);
  std::vector<Row> rows;
  for (const std::string& point : undisturbed.points) {
    const int n = static_cast<int>(rows.size()) + 1;
    Row row{crash_case.half, crash_case.operation, crash_case.opposite, point, {}, {}};
    {
      const std::unique_ptr<CrashScene> scene = Crashed(crash_case, n);
      const absl::Status answer = scene->Call();
      row.same = Judge(answer, crash_case.already, scene->State(), undisturbed.done);
    }
    {
      const std::unique_ptr<CrashScene> scene = Crashed(crash_case, n);
      const absl::Status answer = scene->CallOpposite();
      row.opposite = Judge(answer, crash_case.already_opposite, scene->State(), undisturbed.undone);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string PointName(absl::string_view effect) {
  std::string name;
  bool in_word = false;
  while (!effect.empty()) {
    absl::string_view instead;
    const std::size_t variable = in_word ? 0 : VariableWord(effect, instead);
    if (variable > 0) {
      absl::StrAppend(&name, instead);
      effect.remove_prefix(variable);
      in_word = true;
      continue;
    }
    in_word = IsWord(effect.front());
    name.push_back(effect.front());
    effect.remove_prefix(1);
  }
  return name;
}

std::string Render(const std::vector<Row>& rows) {
  std::string text = kHead;
  std::string half;
  for (std::size_t at = 0; at < rows.size();) {
    const Row& first = rows[at];
    if (first.half != half) absl::StrAppend(&text, "\n## The ", half = first.half, "\n");
    absl::StrAppend(&text, "\n### ", first.operation, "\n\n");
    absl::StrAppend(&text, "| | killed before | the same call | ", first.opposite_name,
                    " |\n| ---: | --- | --- | --- |\n");
    const std::size_t length = LengthOfOperation(rows, at);
    for (std::size_t n = 1; n <= length; ++n, ++at) {
      const Row& row = rows[at];
      absl::StrAppend(&text, "| ", n, " | ", row.point, " | ",
                      row.same.failure.empty() ? row.same.answer : "**does not converge**", " | ",
                      row.opposite.failure.empty() ? row.opposite.answer : "**does not converge**",
                      " |\n");
    }
  }
  return text;
}

}  // namespace nvmeof::testing
