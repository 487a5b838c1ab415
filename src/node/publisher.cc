#include "node/publisher.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "node/held_disk.h"
#include "node/retry.h"
#include "node/waits.h"
#include "volume/publish_context.h"

namespace nvmeof::node {
namespace {

bool ReadOnly(const PublishRequest& request) {
  return request.read_only || volume::IsReadOnly(request.capability.mode);
}

mount::Access AccessOf(const PublishRequest& request) {
  return ReadOnly(request) ? mount::Access::kReadOnly : mount::Access::kReadWrite;
}

Publication PublicationOf(const PublishRequest& request) {
  return {request.target_path, ReadOnly(request), request.capability};
}

void Forget(StageRecord& record, const std::string& target_path) {
  std::erase_if(record.publications, [&](const Publication& publication) {
    return publication.target_path == target_path;
  });
}

absl::Status Occupied(const std::string& path, const mount::MountPoint& by) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, " has ", by.source, " mounted on it, which is not this volume"));
}

}  // namespace

Publisher::Publisher(StageRecords& records, Attacher& attacher, mount::Mounter& mounter,
                     mount::FileSystems& file_systems)
    : records_(records), attacher_(attacher), mounter_(mounter), file_systems_(file_systems) {}

absl::Status Publisher::Publish(const PublishRequest& request, base::Call& call) {
  std::optional<StageRecord> record = records_.FindCurrent(request.volume_id);
  if (!record.has_value()) {
    return absl::NotFoundError(absl::StrCat(request.volume_id, " is not staged on this node"));
  }
  RETURN_IF_ERROR(RequireStagedAlike(request, *record));
  const bool promised_before = std::find(record->publications.begin(), record->publications.end(),
                                         PublicationOf(request)) != record->publications.end();
  const absl::Status published = Converge(request, *record, call);
  if (published.ok()) return absl::OkStatus();
  // An earlier call published it, or perhaps did: it stays promised until Unpublish.
  if (promised_before) return AskAgain(published);
  Forget(*record, request.target_path);
  RETURN_IF_ERROR(records_.Put(*std::move(record)));
  return published;
}

absl::Status Publisher::Converge(const PublishRequest& request, StageRecord& record,
                                 base::Call& call) {
  RETURN_IF_ERROR(RequireCompatible(request, record));
  RETURN_IF_ERROR(FollowPortals(request, record));
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(record));
  ASSIGN_OR_RETURN(const nvme::Namespace ns, attacher_.Find(target));

  Publication promise = PublicationOf(request);
  if (std::find(record.publications.begin(), record.publications.end(), promise) ==
      record.publications.end()) {
    record.publications.push_back(std::move(promise));
    RETURN_IF_ERROR(records_.Put(record));
  }
  // The kernel reads a disk that nobody had open.
  if (request.capability.block) {
    call.WaitsFor(WaitForDisk("the open of the disk", record.volume_context));
  }
  return call.Measure("mount", [&] {
    return request.capability.block ? PublishBlock(request, target, ns)
                                    : PublishFileSystem(request, ns);
  });
}

absl::Status Publisher::Unpublish(const std::string& volume_id, const std::string& target_path,
                                  base::Call& call) {
  std::optional<StageRecord> record = records_.Find(volume_id);
  const bool promised =
      record.has_value() && std::any_of(record->publications.begin(), record->publications.end(),
                                        [&](const Publication& publication) {
                                          return publication.target_path == target_path;
                                        });
  if (!promised) RETURN_IF_ERROR(RequireOurs(target_path));
  bool lost = false;
  if (promised && record->capability.block) {
    ASSIGN_OR_RETURN(lost, IsDeletedNode(target_path));
  }
  RETURN_IF_ERROR(call.Measure(
      "mount", [&] { return lost ? FreeNode(target_path) : UnmountAll(target_path); }));
  KeepHold(target_path, nullptr);
  RETURN_IF_ERROR(mounter_.Remove(target_path));
  // A record of an older boot stays as it is: written now, it would promise the volume anew.
  if (!promised || !records_.FindCurrent(volume_id).has_value()) return absl::OkStatus();
  Forget(*record, target_path);
  return records_.Put(*std::move(record));
}

absl::Status Publisher::RequireStagedAlike(const PublishRequest& request,
                                           const StageRecord& record) const {
  if (record.state != StageState::kStaged) {
    return absl::FailedPreconditionError(
        absl::StrCat(request.volume_id, " is ", Name(record.state), ", not staged"));
  }
  if (record.staging_path != request.staging_path) {
    return absl::FailedPreconditionError(absl::StrCat(request.volume_id, " is staged at ",
                                                      record.staging_path, ", not at ",
                                                      request.staging_path));
  }
  for (const Publication& publication : record.publications) {
    if (publication.target_path == request.target_path && publication != PublicationOf(request)) {
      return absl::AlreadyExistsError(absl::StrCat(request.volume_id, " is published at ",
                                                   request.target_path, " with other arguments"));
    }
  }
  if (record.capability != request.capability) {
    return absl::FailedPreconditionError(
        absl::StrCat(request.volume_id, " is staged with another capability"));
  }
  return absl::OkStatus();
}

// The controller plugin tells where the target listens now; the reconciler connects what is new.
absl::Status Publisher::FollowPortals(const PublishRequest& request, StageRecord& record) {
  if (request.publish_context.empty() || request.publish_context == record.publish_context) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const volume::Target asked,
                   volume::DecodePublishContext(request.publish_context));
  RETURN_IF_ERROR(RequireSameVolume(record, asked));
  if (!asked.discovery.empty()) return absl::OkStatus();  // what the stage found holds
  record.publish_context = request.publish_context;
  return records_.Put(record);
}

// A publication that is not mounted was never answered OK, or is on its way out: it hinders nobody.
absl::Status Publisher::RequireCompatible(const PublishRequest& request,
                                          const StageRecord& record) const {
  if (record.publications.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  for (const Publication& other : record.publications) {
    if (other.target_path == request.target_path || table.At(other.target_path).empty()) continue;
    if (!volume::MayPublishAtSeveralPaths(request.capability.mode)) {
      return absl::FailedPreconditionError(absl::StrCat(request.volume_id, " is published at ",
                                                        other.target_path,
                                                        " and its access mode allows one path"));
    }
    if (request.capability.block && other.read_only != ReadOnly(request)) {
      return absl::FailedPreconditionError(absl::StrCat(
          request.volume_id, " is published ", other.read_only ? "read-only" : "for writing",
          " at ", other.target_path, ", and the kernel has one setting for the whole disk"));
    }
  }
  return absl::OkStatus();
}

absl::Status Publisher::PublishFileSystem(const PublishRequest& request,
                                          const nvme::Namespace& ns) {
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> staged = table.At(request.staging_path);
  if (staged.empty() || staged.back().device != ns.number) {
    return absl::FailedPreconditionError(absl::StrCat(
        request.staging_path, " does not hold the mounted volume: it must be staged again"));
  }
  if (const auto layers = table.At(request.target_path); !layers.empty()) {
    if (layers.back().device == ns.number && layers.back().read_only == ReadOnly(request)) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool dead, attacher_.IsGone(layers.back().device));
    if (!dead) return Occupied(request.target_path, layers.back());
    RETURN_IF_ERROR(UnmountAll(request.target_path));
  }
  RETURN_IF_ERROR(mounter_.MakeDirectory(request.target_path));
  return mounter_.BindMount(request.staging_path, request.target_path, AccessOf(request));
}

absl::Status Publisher::PublishBlock(const PublishRequest& request, const volume::Target& target,
                                     const nvme::Namespace& ns) {
  ASSIGN_OR_RETURN(std::unique_ptr<mount::DeviceHold> hold,
                   HoldDisk(file_systems_, attacher_, target, ns));
  RETURN_IF_ERROR(file_systems_.SetReadOnly(DeviceOf(ns), ReadOnly(request)));
  RETURN_IF_ERROR(BindNode(request, ns));
  KeepHold(request.target_path, std::move(hold));
  return absl::OkStatus();
}

absl::Status Publisher::BindNode(const PublishRequest& request, const nvme::Namespace& ns) {
  ASSIGN_OR_RETURN(const mount::PathKind kind, mounter_.Kind(request.target_path));
  if (kind != mount::PathKind::kAbsent) {
    ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> there,
                     mounter_.BlockDevice(request.target_path));
    if (there == ns.number) return absl::OkStatus();
    if (there.has_value()) {
      ASSIGN_OR_RETURN(const bool dead, attacher_.IsGone(*there));
      ASSIGN_OR_RETURN(const bool deleted, IsDeletedNode(request.target_path));
      if (!dead && !deleted) {
        return absl::FailedPreconditionError(absl::StrCat(
            request.target_path, " leads to ", base::Describe(*there), ", not to this volume"));
      }
      RETURN_IF_ERROR(FreeNode(request.target_path));
    }
  }
  RETURN_IF_ERROR(mounter_.MakeFile(request.target_path));
  RETURN_IF_ERROR(mounter_.BindMount(ns.device_path, request.target_path, AccessOf(request)));
  ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> published,
                   mounter_.BlockDevice(request.target_path));
  if (published == ns.number) return absl::OkStatus();
  // The name moved between the look and the mount.
  RETURN_IF_ERROR(UnmountAll(request.target_path));
  return absl::UnavailableError(
      absl::StrCat(ns.device_path, " is no longer ", base::Describe(ns.number)));
}

absl::Status Publisher::Unbind(const StageRecord& record) {
  for (const Publication& publication : record.publications) {
    ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> device,
                     mounter_.BlockDevice(publication.target_path));
    if (device.has_value()) RETURN_IF_ERROR(FreeNode(publication.target_path));
  }
  return absl::OkStatus();
}

void Publisher::KeepHold(const std::string& target_path, std::unique_ptr<mount::DeviceHold> hold) {
  const absl::MutexLock lock(&mutex_);
  std::swap(holds_[target_path], hold);
  if (holds_[target_path] == nullptr) holds_.erase(target_path);
}

bool Publisher::Holds(const StageRecord& record) const {
  if (!record.capability.block) return true;
  const absl::MutexLock lock(&mutex_);
  return std::all_of(record.publications.begin(), record.publications.end(),
                     [&](const Publication& publication) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                       return holds_.contains(publication.target_path);
                     });
}

// A bound device node holds no disk: when its own went away, another one may have its number by
// now.
absl::StatusOr<bool> Publisher::IsDeletedNode(const std::string& path) const {
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> layers = table.At(path);
  return !layers.empty() && layers.back().root_deleted;
}

// A path that no record promises is only touched when one of the fabric's disks is mounted there.
absl::Status Publisher::RequireOurs(const std::string& target_path) const {
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> layers = table.At(target_path);
  if (layers.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<base::DeviceNumber> node, mounter_.BlockDevice(target_path));
  const base::DeviceNumber number = node.value_or(layers.back().device);
  ASSIGN_OR_RETURN(const std::optional<volume::Nqn> subsystem, attacher_.SubsystemOf(number));
  if (subsystem.has_value()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("the volume is not published here, and ", target_path,
                                          " has ", layers.back().source, " mounted on it"));
}

absl::Status Publisher::UnmountAll(const std::string& path) {
  return TakeAway(path, &mount::Mounter::Unmount);
}

absl::Status Publisher::FreeNode(const std::string& path) {
  return TakeAway(path, &mount::Mounter::UnmountLazily);
}

absl::Status Publisher::TakeAway(const std::string& path, Unmount unmount) {
  while (true) {
    ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
    if (table.At(path).empty()) return absl::OkStatus();
    RETURN_IF_ERROR((mounter_.*unmount)(path));
  }
}

}  // namespace nvmeof::node
