// ReconcilePlan: what would make the kernel match the records, computed from what was promised,
// what a look showed of it, and which connections are ours.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/diagnosis.h"
#include "node/stage_records.h"
#include "nvme/topology.h"
#include "volume/connect_options.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::node {

// One record of this boot, and what one look showed of it.
struct PromisedVolume {
  std::string volume_id;
  StageState state = StageState::kStaged;
  volume::AttachPolicy policy;
  Observation seen;
  bool held = true;  // Publisher::Holds
};

// What a process restart must not lose stands in records and marks; this is one look at all of it.
struct Picture {
  std::vector<PromisedVolume> promised;
  // By NQN: the paths that we connected.
  std::map<std::string, std::vector<volume::Path>> marks;
};

struct Action {
  enum class Kind {
    kConnect,  // `paths`, which have no controller
    kRescan,   // live controllers show no namespace
    kRestore,  // what is mounted for the volume is not its disk, or not held: publish it anew
    kUnbind,   // a published device node is not held and may lead to another volume: free its path
    kSetIoPolicy,  // it was reset when the subsystem was made anew
    kDrop,         // `paths` are ours and wanted no longer: the target's portals moved
    kReap,         // the subsystem is ours, and promised by no record
  };

  Kind kind = Kind::kConnect;
  std::string nqn;
  std::string volume_id;  // empty for kReap
  std::vector<volume::Path> paths;
  bool without_live_path = false;  // of kConnect: the volume has none
  bool kernel_gave_up = false;     // of kConnect: its disk is gone, restore it afterwards

  friend bool operator==(const Action&, const Action&) = default;
};

[[nodiscard]] absl::string_view Name(Action::Kind kind);

// Pure. Records that are `staging` or `unstaging` belong to the call that will be repeated: nothing
// is done for them, and nothing of theirs is reaped or dropped. The first volume of a subsystem
// that has a wish for the I/O policy decides it.
[[nodiscard]] std::vector<Action> PlanReconcile(const Picture& picture);

// The part for one volume. `marked` are paths of its subsystem that are ours and that no other
// volume wants.
[[nodiscard]] std::vector<Action> PlanVolume(const PromisedVolume& promised,
                                             const std::vector<volume::Path>& marked);

}  // namespace nvmeof::node
