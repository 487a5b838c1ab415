// The agent's operations over the world of tests/target: pool, records and the kernel target's
// tree all count as effects.
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "base/status_macros.h"
#include "tests/crash/crash_table.h"
#include "tests/target/target_world.h"

namespace nvmeof::testing {
namespace {

constexpr char kName[] = "data";

using AgentStep = std::function<absl::Status(TargetWorld&)>;

// OK, also when it was so before.
void Prepare(const absl::Status& status) {
  if (!status.ok()) std::abort();
}

enum class Death { kOfTheProcess, kOfTheMachine };

class AgentScene final : public CrashScene {
 public:
  AgentScene(Death death, const std::vector<AgentStep>& before, AgentStep call, AgentStep opposite)
      : death_(death), call_(std::move(call)), opposite_(std::move(opposite)) {
    world_.exporter->Restore();  // as at an agent's start
    for (const AgentStep& step : before) Prepare(step(world_));
  }

  Effects& effects() override { return world_.effects; }
  absl::Status Call() override { return call_(world_); }
  absl::Status CallOpposite() override { return opposite_(world_); }
  void Restart() override { death_ == Death::kOfTheMachine ? world_.Reboot() : world_.Restart(); }

  // The identities are random: each volume's have one name wherever they appear.
  std::string State() override {
    std::string state = world_.exporter->RestoreMissing() ? "" : "exports are missing\n";
    const Remains remains = Look(world_);
    std::vector<std::pair<std::string, std::string>> names;
    for (const target::VolumeRecord& record : remains.records) {
      for (const auto& [id, name] : {std::pair(record.uuid, "UUID"), {record.nguid, "NGUID"}}) {
        names.emplace_back(id.Dashed(), absl::StrCat(name, " of ", record.name));
        names.emplace_back(id.Hex(), absl::StrCat(name, " of ", record.name));
      }
      names.emplace_back(record.uuid.Hex().substr(0, 20), absl::StrCat("serial of ", record.name));
    }
    for (const auto& [path, value] : remains.kernel) {
      absl::StrAppend(&state, path, " = ", value, "\n");
    }
    for (const target::VolumeRecord& record : remains.records) {
      absl::StrAppend(&state, target::EncodeRecord(record), "\n");
    }
    for (const auto& [handle, file] : remains.files) {
      absl::StrAppend(&state, handle, " ", file.bytes, " ", file.allocated, "\n");
    }
    return absl::StrReplaceAll(state, names);
  }

 private:
  TargetWorld world_;
  const Death death_;
  const AgentStep call_;
  const AgentStep opposite_;
};

absl::StatusOr<std::string> HandleOf(const TargetWorld& world) {
  const std::optional<target::VolumeRecord> record = world.store->FindByName(kName);
  if (!record.has_value()) return absl::NotFoundError("no volume of this name");
  return record->Handle();
}

absl::Status Create(TargetWorld& world) {
  return world.provisioner->Create({kName, {kGiB, 0}, volume::Provisioning::kThin, "asked", {}})
      .status();
}

absl::Status Delete(TargetWorld& world) {
  ASSIGN_OR_RETURN(const std::string handle, HandleOf(world));
  return world.provisioner->Delete(handle);
}

absl::Status Expand(TargetWorld& world) {
  ASSIGN_OR_RETURN(const std::string handle, HandleOf(world));
  return world.provisioner->Expand(handle, {2 * kGiB, 0}).status();
}

AgentStep ExportTo(std::string host) {
  return [host = std::move(host)](TargetWorld& world) -> absl::Status {
    ASSIGN_OR_RETURN(const std::string handle, HandleOf(world));
    return world.exporter
        ->Export(handle, {HostNqn(host), target::ExportMode::kMultiNode, "rw", false})
        .status();
  };
}

AgentStep UnexportFrom(std::string host) {
  return [host = std::move(host)](TargetWorld& world) -> absl::Status {
    ASSIGN_OR_RETURN(const std::string handle, HandleOf(world));
    return world.exporter->Unexport(handle, HostNqn(host));
  };
}

absl::Status UnexportAndDelete(TargetWorld& world) {
  RETURN_IF_ERROR(UnexportFrom("a")(world));
  return Delete(world);
}

struct AgentCase {
  const char* operation;
  const char* opposite_name;
  absl::StatusCode already;
  absl::StatusCode already_opposite;
  std::vector<AgentStep> before;
  AgentStep call;
  AgentStep opposite;
};

std::vector<Row> WalkThrough(const AgentCase& one, Death death) {
  return Walk({"agent", one.operation, one.opposite_name, one.already, one.already_opposite, [&] {
                 return std::make_unique<AgentScene>(death, one.before, one.call, one.opposite);
               }});
}

// The agent must not care whether the kernel has forgotten all: the answers are the same.
void Require(const Outcome& rebooted, Outcome& outcome) {
  if (rebooted.failure.empty() && rebooted.answer == outcome.answer) return;
  absl::StrAppend(&outcome.failure, "after a reboot: ", rebooted.answer, " ", rebooted.failure);
}

}  // namespace

std::vector<Row> AgentRows() {
  using Code = absl::StatusCode;
  const AgentCase cases[] = {
      {"create", "delete", Code::kAlreadyExists, Code::kNotFound, {}, Create, Delete},
      {"export to the first host",
       "unexport",
       Code::kAlreadyExists,
       Code::kOk,
       {Create},
       ExportTo("a"),
       UnexportFrom("a")},
      {"export to a second host",
       "unexport",
       Code::kAlreadyExists,
       Code::kOk,
       {Create, ExportTo("a")},
       ExportTo("b"),
       UnexportFrom("b")},
      {"expand an exported volume",
       "unexport and delete",
       Code::kOk,
       Code::kOk,
       {Create, ExportTo("a")},
       Expand,
       UnexportAndDelete},
      {"unexport from one of two hosts",
       "export",
       Code::kOk,
       Code::kAlreadyExists,
       {Create, ExportTo("a"), ExportTo("b")},
       UnexportFrom("b"),
       ExportTo("b")},
      {"unexport from the last host",
       "export",
       Code::kOk,
       Code::kAlreadyExists,
       {Create, ExportTo("a")},
       UnexportFrom("a"),
       ExportTo("a")},
      {"delete", "create", Code::kNotFound, Code::kAlreadyExists, {Create}, Delete, Create},
  };
  std::vector<Row> all;
  for (const AgentCase& one : cases) {
    std::vector<Row> rows = WalkThrough(one, Death::kOfTheProcess);
    const std::vector<Row> rebooted = WalkThrough(one, Death::kOfTheMachine);
    for (std::size_t n = 0; n < rows.size(); ++n) {
      Require(rebooted[n].same, rows[n].same);
      Require(rebooted[n].opposite, rows[n].opposite);
      all.push_back(std::move(rows[n]));
    }
  }
  return all;
}

}  // namespace nvmeof::testing
