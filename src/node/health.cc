#include "node/health.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"

namespace nvmeof::node {
namespace {

struct PortalUse {
  int wanted = 0;
  int live = 0;
};

std::map<volume::Portal, PortalUse> CountPortals(const std::vector<PromisedVolume>& volumes) {
  std::map<volume::Portal, PortalUse> uses;
  for (const PromisedVolume& volume : volumes) {
    for (const volume::Path& path : volume.seen.wanted) {
      PortalUse& use = uses[path.portal];
      ++use.wanted;
      if (volume.seen.subsystem.has_value()) {
        use.live += nvme::LivePaths(*volume.seen.subsystem, {path});
      }
    }
  }
  return uses;
}

}  // namespace

absl::StatusOr<std::vector<Ailment>> Health::OfVolume(const std::string& volume_id) const {
  const std::optional<StageRecord> record = records_.FindCurrent(volume_id);
  const std::optional<std::string> trouble = troubles_.Of(volume_id);
  if (!record.has_value()) {
    if (!trouble.has_value()) {
      return absl::NotFoundError(absl::StrCat(volume_id, " is not staged on this node"));
    }
    return std::vector<Ailment>{{Ailment::Severity::kInaccessible, "StageFailed", *trouble}};
  }
  ASSIGN_OR_RETURN(const PromisedVolume promised, observer_.Look(*record));
  Condition condition = Diagnose(promised.seen);
  std::vector<Ailment> ailments;
  if (condition.diagnosis == Diagnosis::kHealthy) {
    // Connected, but what comes after that failed: nobody can use it yet.
    if (record->state == StageState::kStaging && trouble.has_value()) {
      ailments.push_back({Ailment::Severity::kInaccessible, "StageFailed", *trouble});
    }
    return ailments;
  }
  if (trouble.has_value()) absl::StrAppend(&condition.message, "; ", *trouble);
  ailments.push_back({condition.diagnosis == Diagnosis::kDegraded
                          ? Ailment::Severity::kDegraded
                          : Ailment::Severity::kInaccessible,
                      std::string(Name(condition.diagnosis)), std::move(condition.message)});
  return ailments;
}

absl::StatusOr<std::vector<Ailment>> Health::OfStorage() const {
  std::vector<Ailment> ailments;
  const absl::StatusOr<bool> multipath = host_.topology.NativeMultipath();
  if (absl::IsFailedPrecondition(multipath.status())) {
    ailments.push_back(
        {Ailment::Severity::kInaccessible, "NoNvme", std::string(multipath.status().message())});
    return ailments;
  }
  RETURN_IF_ERROR(multipath.status());
  if (!*multipath) {
    ailments.push_back({Ailment::Severity::kDegraded, "MultipathOff",
                        "the kernel runs with nvme_core.multipath=N: no volume survives the loss "
                        "of a path; boot with nvme_core.multipath=Y"});
  }
  std::vector<PromisedVolume> volumes;
  for (const StageRecord& record : records_.ListCurrent()) {
    if (record.state != StageState::kStaged) continue;
    ASSIGN_OR_RETURN(PromisedVolume volume, observer_.Look(record));
    volumes.push_back(std::move(volume));
  }
  for (const auto& [portal, use] : CountPortals(volumes)) {
    if (use.live > 0) continue;
    ailments.push_back({Ailment::Severity::kDegraded, "PortalDown",
                        absl::StrCat(volume::FormatPortal(portal), ": none of the ", use.wanted,
                                     " paths that volumes of this node want there is live")});
  }
  return ailments;
}

}  // namespace nvmeof::node
