#include "target/lvm_pool.h"

#include <algorithm>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

#include "base/log.h"
#include "base/status_macros.h"

namespace nvmeof::target {
namespace {

constexpr char kPrefix[] = "nvmeof-";
constexpr char kTag[] = "nvmeof-csi";

// LVM waits for its locks and for udev, and a program that is killed may leave a pool suspended:
// far longer than any of them takes, and longer than any caller waits.
constexpr absl::Duration kPatience = absl::Minutes(5);

// A report changes nothing, and may be cut off.
constexpr absl::Duration kLookPatience = absl::Seconds(30);

// Each caller that waits keeps a worker busy.
constexpr absl::Duration kLongestLook = absl::Seconds(10);

// A pool whose metadata is full turns read-only and has to be repaired. Where dmeventd warns first.
constexpr double kMostMetadataPercent = 80;

std::string NameOf(absl::string_view handle) { return absl::StrCat(kPrefix, handle); }

bool IsOurs(const ThinVolumeReport& volume, const volume::LvmThinPool& place) {
  return absl::StartsWith(volume.name, kPrefix) && volume.pool == place.name &&
         absl::c_linear_search(volume.tags, kTag);
}

// An extent is 4 MiB unless somebody chose another.
volume::SizeRules RulesOf(std::int64_t extent_bytes) {
  volume::SizeRules rules;
  rules.granularity_bytes = extent_bytes;
  rules.minimum_bytes = std::max(rules.minimum_bytes, extent_bytes);
  rules.default_bytes = std::max(rules.default_bytes, extent_bytes);
  return rules;
}

absl::Status RefuseThick(volume::Provisioning provisioning) {
  if (provisioning == volume::Provisioning::kThin) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "provisioning thick: an LVM thin pool has thin volumes only; use thin, or an agent with a "
      "folder");
}

}  // namespace

absl::StatusOr<std::unique_ptr<LvmPool>> LvmPool::Open(const volume::LvmThinPool& place,
                                                       base::CommandRunner& runner,
                                                       const base::Clock& clock) {
  std::unique_ptr<LvmPool> pool(new LvmPool(place, runner, clock));
  RETURN_IF_ERROR(pool->ActivateAll());
  ASSIGN_OR_RETURN(const ThinPoolReport report, pool->Look());
  if (!report.zeroes) {
    return absl::FailedPreconditionError(
        absl::StrCat("thin pool ", place.FullName(),
                     " does not zero: a volume could show what another one held; run lvchange "
                     "--zero y ",
                     place.FullName()));
  }
  if (!report.fails_when_full) {
    base::Log(base::Level::kWarning, "writes will hang when the pool is full",
              {{"pool", place.FullName()}, {"better", "lvchange --errorwhenfull y"}});
  }
  pool->rules_ = RulesOf(report.extent_bytes);
  return pool;
}

absl::Status LvmPool::ActivateAll() const {
  RETURN_IF_ERROR(Change({"lvchange", "--activate", "y", place_.FullName()}).status());
  ASSIGN_OR_RETURN(const std::vector<ThinVolumeReport> volumes, LookAtAll());
  for (const ThinVolumeReport& volume : volumes) {
    if (volume.active) continue;
    const absl::Status active = Change({"lvchange", "--activate", "y", "--ignoreactivationskip",
                                        absl::StrCat(place_.volume_group, "/", volume.name)})
                                    .status();
    if (active.ok()) continue;
    base::Log(base::Level::kError, "volume not activated", {{"error", active.ToString()}});
  }
  return absl::OkStatus();
}

absl::Status LvmPool::Create(const std::string& handle, std::int64_t bytes,
                             volume::Provisioning provisioning) {
  RETURN_IF_ERROR(RefuseThick(provisioning));
  // No question is answered and nothing is wiped: whatever the volume shows, it was not there
  // before. The tag comes with the volume, so there is none of ours without it.
  return Change({"lvcreate", "--yes", "--wipesignatures", "n", "--setactivationskip", "n", "--type",
                 "thin", "--virtualsize", absl::StrCat(bytes, "b"), "--name", NameOf(handle),
                 "--addtag", kTag, "--thinpool", place_.name, place_.volume_group})
      .status();
}

absl::StatusOr<std::int64_t> LvmPool::Grow(const std::string& handle, std::int64_t bytes,
                                           volume::Provisioning provisioning) {
  RETURN_IF_ERROR(RefuseThick(provisioning));
  ASSIGN_OR_RETURN(const ThinVolumeReport before, LookAt(handle));
  if (before.bytes >= bytes) return before.bytes;
  RETURN_IF_ERROR(
      Change({"lvextend", "--yes", "--size", absl::StrCat(bytes, "b"), FullName(handle)}).status());
  ASSIGN_OR_RETURN(const ThinVolumeReport after, LookAt(handle));
  return after.bytes;
}

absl::Status LvmPool::Remove(const std::string& handle) {
  const absl::Status found = LookAt(handle).status();
  if (absl::IsNotFound(found)) return absl::OkStatus();
  RETURN_IF_ERROR(found);
  return Change({"lvremove", "--yes", FullName(handle)}).status();
}

std::string LvmPool::Path(const std::string& handle) const {
  return absl::StrCat("/dev/", FullName(handle));
}

absl::StatusOr<std::int64_t> LvmPool::AllocatedBytes(const std::string& handle) const {
  ASSIGN_OR_RETURN(const ThinVolumeReport volume, LookAt(handle));
  return volume.used_bytes;
}

absl::StatusOr<std::vector<std::string>> LvmPool::Handles() const {
  ASSIGN_OR_RETURN(const std::vector<ThinVolumeReport> volumes, LookAtAll());
  std::vector<std::string> handles;
  handles.reserve(volumes.size());
  for (const ThinVolumeReport& volume : volumes) {
    handles.emplace_back(absl::StripPrefix(volume.name, kPrefix));
  }
  absl::c_sort(handles);
  return handles;
}

absl::StatusOr<PoolSpace> LvmPool::Space() const {
  {
    const absl::Time now = clock_.Now();
    const absl::MutexLock lock(&mutex_);
    if (look_.under_way) {
      if (mutex_.AwaitWithTimeout(absl::Condition(this, &LvmPool::NoLookIsUnderWay),
                                  look_.began + kLongestLook - now)) {
        return look_.seen;
      }
      return absl::UnavailableError(
          absl::StrCat("thin pool ", place_.FullName(), ": LVM does not answer"));
    }
    look_.under_way = true;
    look_.began = now;
  }
  absl::StatusOr<PoolSpace> seen = Measure();
  const absl::MutexLock lock(&mutex_);
  look_.under_way = false;
  look_.seen = seen;
  return seen;
}

absl::StatusOr<PoolSpace> LvmPool::Measure() const {
  ASSIGN_OR_RETURN(const ThinPoolReport report, Look());
  if (!report.health.empty()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("thin pool ", place_.FullName(), " takes nothing: it is ", report.health));
  }
  if (report.metadata_percent > kMostMetadataPercent) {
    return absl::ResourceExhaustedError(
        absl::StrCat("thin pool ", place_.FullName(), ": ", report.metadata_percent,
                     " percent of its metadata is used, over ", kMostMetadataPercent,
                     " it takes no volumes; grow it with lvextend --poolmetadatasize"));
  }
  return PoolSpace{.total_bytes = report.bytes, .free_bytes = report.bytes - report.used_bytes};
}

absl::StatusOr<std::string> LvmPool::Change(std::vector<std::string> argv) const {
  return Run(std::move(argv), kPatience);
}

absl::StatusOr<std::string> LvmPool::Run(std::vector<std::string> argv,
                                         absl::Duration patience) const {
  const std::string what = absl::StrCat(argv.front(), " ", argv.back());
  absl::StatusOr<base::CommandResult> result = runner_.Run(argv, clock_.Now() + patience);
  if (absl::IsDeadlineExceeded(result.status())) {
    return absl::UnavailableError(absl::StrCat(what, ": LVM does not answer"));
  }
  // That the program is missing must not be taken for a missing volume.
  if (absl::IsNotFound(result.status())) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": lvm2 is not installed here"));
  }
  RETURN_IF_ERROR(result.status());
  RETURN_IF_ERROR(base::Annotate(LvmFailure(*result), what));
  return std::move(result->output);
}

absl::StatusOr<std::string> LvmPool::Report(const std::string& columns,
                                            std::vector<std::string> what) const {
  std::vector<std::string> argv = {"lvs", "--reportformat", "json",      "--units",
                                   "b",   "--nosuffix",     "--options", columns};
  absl::c_move(what, std::back_inserter(argv));
  return Run(std::move(argv), kLookPatience);
}

absl::StatusOr<ThinPoolReport> LvmPool::Look() const {
  ASSIGN_OR_RETURN(const std::string report, Report(kThinPoolColumns, {place_.FullName()}));
  absl::StatusOr<ThinPoolReport> pool = ReadThinPool(report);
  if (!pool.ok()) {
    return base::Annotate(pool.status(), absl::StrCat("thin pool ", place_.FullName()));
  }
  return pool;
}

absl::StatusOr<ThinVolumeReport> LvmPool::LookAt(const std::string& handle) const {
  ASSIGN_OR_RETURN(const std::string report, Report(kThinVolumeColumns, {FullName(handle)}));
  ASSIGN_OR_RETURN(std::vector<ThinVolumeReport> volumes, ReadThinVolumes(report));
  if (volumes.size() != 1) {
    return absl::InternalError(
        absl::StrCat("LVM shows ", volumes.size(), " volumes as ", FullName(handle)));
  }
  if (IsOurs(volumes.front(), place_)) return std::move(volumes.front());
  return absl::FailedPreconditionError(absl::StrCat("logical volume ", FullName(handle),
                                                    " is none of ours: it is not in thin pool ",
                                                    place_.name, " or has not the tag ", kTag));
}

absl::StatusOr<std::vector<ThinVolumeReport>> LvmPool::LookAtAll() const {
  ASSIGN_OR_RETURN(const std::string report,
                   Report("lv_name,lv_size,pool_lv,lv_tags,lv_active",
                          {"--select", absl::StrCat("lv_tags=", kTag), place_.volume_group}));
  ASSIGN_OR_RETURN(std::vector<ThinVolumeReport> volumes, ReadThinVolumes(report));
  std::erase_if(volumes, [this](const ThinVolumeReport& one) { return !IsOurs(one, place_); });
  return volumes;
}

std::string LvmPool::FullName(const std::string& handle) const {
  return absl::StrCat(place_.volume_group, "/", NameOf(handle));
}

}  // namespace nvmeof::target
