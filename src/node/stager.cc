#include "node/stager.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "mount/device_use.h"
#include "mount/mount_group.h"
#include "node/diagnosis.h"
#include "node/held_disk.h"
#include "node/retry.h"
#include "node/waits.h"
#include "volume/publish_context.h"

namespace nvmeof::node {
namespace {

mount::Access AccessOf(const volume::VolumeCapability& capability) {
  return volume::IsReadOnly(capability.mode) ? mount::Access::kReadOnly : mount::Access::kReadWrite;
}

// A reader must not write either by replaying a journal: the disk is read-only, and other nodes may
// have it mounted.
std::vector<std::string> MountOptions(const volume::VolumeCapability& capability) {
  std::vector<std::string> options = capability.mount_flags;
  if (volume::IsReadOnly(capability.mode)) {
    options.emplace_back(capability.fs_type == "xfs" ? "norecovery" : "noload");
  }
  return options;
}

absl::Status UnwantedContent(const mount::Device& device, const std::string& what,
                             const std::string& wanted) {
  return absl::FailedPreconditionError(absl::StrCat(device.path, " holds ", what, " where ", wanted,
                                                    " or a blank disk is expected; it was not "
                                                    "touched"));
}

}  // namespace

Stager::Stager(StageRecords& records, KeyedFabric& fabric, Attacher& attacher, PortalFinder& finder,
               mount::Mounter& mounter, mount::FileSystems& file_systems)
    : records_(records),
      fabric_(fabric),
      attacher_(attacher),
      finder_(finder),
      mounter_(mounter),
      file_systems_(file_systems) {}

absl::Status Stager::Stage(const StageRequest& request, base::Call& call) {
  ASSIGN_OR_RETURN(volume::Target target, volume::DecodePublishContext(request.publish_context));
  RETURN_IF_ERROR(RequireSamePromise(request, target));
  StageRecord promise{request.volume_id,       request.staging_path,   StageState::kStaging, "",
                      request.publish_context, request.volume_context, request.capability,   {}};
  if (!target.discovery.empty()) {
    ASSIGN_OR_RETURN(target, WithFoundPortals(request, target, call));
    promise.publish_context = volume::EncodePublishContext(target);
  }
  const std::optional<StageRecord> before = records_.FindCurrent(request.volume_id);
  const bool was_staged = before.has_value() && before->state == StageState::kStaged;
  if (before.has_value()) promise.publications = before->publications;
  if (was_staged) promise.state = StageState::kStaged;
  // First, so that no call ever takes apart a promised subsystem of which it is not known what in
  // it is ours.
  RETURN_IF_ERROR(attacher_.Know(target.subsystem));
  RETURN_IF_ERROR(records_.Put(promise));
  // Again, because a detach for another volume, which did not know of the promise yet, may have
  // forgotten it meanwhile.
  RETURN_IF_ERROR(attacher_.Know(target.subsystem));
  if (request.keys.has_value()) fabric_.Use(target.subsystem, *request.keys);

  const absl::Status converged = Converge(request, target, call);
  if (!converged.ok()) {
    if (was_staged || WillBeRetried(converged)) return AskAgain(converged);
    const absl::Status undone = Undo(request, target.subsystem, call);
    if (undone.ok()) return converged;
    return absl::UnavailableError(
        absl::StrCat(converged.message(), "; and undoing it: ", undone.message()));
  }
  if (was_staged) return absl::OkStatus();
  promise.state = StageState::kStaged;
  return records_.Put(std::move(promise));
}

absl::Status Stager::Unstage(const std::string& volume_id, const std::string& staging_path,
                             base::Call& call) {
  std::optional<StageRecord> record = records_.Find(volume_id);
  if (!record.has_value()) return UnstageUnrecorded(staging_path, call);
  if (record->staging_path != staging_path) return absl::OkStatus();  // not staged there
  return UnstageRecorded(*std::move(record), call);
}

absl::Status Stager::RequireSamePromise(const StageRequest& request,
                                        const volume::Target& target) const {
  const std::optional<StageRecord> record = records_.FindCurrent(request.volume_id);
  if (!record.has_value() || record->state != StageState::kStaged) return absl::OkStatus();
  if (record->staging_path != request.staging_path) {
    return absl::FailedPreconditionError(
        absl::StrCat(request.volume_id, " is staged at ", record->staging_path));
  }
  if (record->capability != request.capability) {
    return absl::AlreadyExistsError(
        absl::StrCat(request.volume_id, " is staged there with another capability"));
  }
  return RequireSameVolume(*record, target);
}

// What is found takes the place of where to ask, so that nothing that works by the record depends
// on discovery.
absl::StatusOr<volume::Target> Stager::WithFoundPortals(const StageRequest& request,
                                                        const volume::Target& target,
                                                        base::Call& call) {
  ASSIGN_OR_RETURN(const volume::AttachPolicy policy,
                   volume::DecodeVolumeContext(request.volume_context));
  call.WaitsFor("the discovery controllers answer");
  return call.Measure("discovery", [&] {
    return finder_.Complete(target, policy, RecordedPortals(request.volume_id, target),
                            call.deadline());
  });
}

// None when there is no record, or one of another volume.
std::vector<volume::Portal> Stager::RecordedPortals(const std::string& volume_id,
                                                    const volume::Target& target) const {
  const std::optional<StageRecord> record = records_.Find(volume_id);
  if (!record.has_value()) return {};
  const absl::StatusOr<volume::Target> recorded = TargetOf(*record);
  if (!recorded.ok() || !volume::IsSameVolume(*recorded, target)) return {};
  return recorded->portals;
}

absl::Status Stager::Converge(const StageRequest& request, const volume::Target& target,
                              base::Call& call) {
  ASSIGN_OR_RETURN(const volume::AttachPolicy policy,
                   volume::DecodeVolumeContext(request.volume_context));
  ASSIGN_OR_RETURN(const nvme::Namespace ns, attacher_.Attach(target, policy, call));
  if (request.capability.block) return absl::OkStatus();
  return StageFileSystem(request, target, ns, call);
}

absl::Status Stager::StageFileSystem(const StageRequest& request, const volume::Target& target,
                                     const nvme::Namespace& ns, base::Call& call) {
  call.WaitsFor(WaitForDisk("the file system's check and mount", request.volume_context));
  ASSIGN_OR_RETURN(const std::unique_ptr<mount::DeviceHold> hold,
                   HoldDisk(file_systems_, attacher_, target, ns));
  const mount::Device device = DeviceOf(ns);
  const bool read_only = volume::IsReadOnly(request.capability.mode);
  ASSIGN_OR_RETURN(const bool mounted, IsMountedFrom(ns, request));
  if (!mounted) {
    RETURN_IF_ERROR(file_systems_.SetReadOnly(device, read_only));
    RETURN_IF_ERROR(call.Measure(
        "filesystem", [&] { return PrepareFileSystem(request.capability, device, call); }));
    RETURN_IF_ERROR(call.Measure("mount", [&] { return MountVerified(request, ns); }));
  }
  if (read_only) return absl::OkStatus();
  const std::string& fs_type = request.capability.fs_type;
  ASSIGN_OR_RETURN(const bool small,
                   file_systems_.NeedsGrowth(device, fs_type, request.staging_path));
  if (small) {
    RETURN_IF_ERROR(call.Measure("filesystem", [&] {
      return file_systems_.Grow(device, fs_type, request.staging_path, call.deadline());
    }));
  }
  if (request.capability.mount_group.empty()) return absl::OkStatus();
  return call.Measure("filesystem", [&] {
    return mount::ApplyMountGroup(request.staging_path, request.capability.mount_group, call);
  });
}

// A mount whose disk the kernel gave up never heals: it is taken away, so that the disk can be
// mounted under its new number.
absl::StatusOr<bool> Stager::IsMountedFrom(const nvme::Namespace& ns, const StageRequest& request) {
  const std::string& path = request.staging_path;
  while (true) {
    ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
    const std::vector<mount::MountPoint> layers = table.At(path);
    if (layers.empty()) return false;
    const mount::MountPoint& top = layers.back();
    if (top.device == ns.number) return true;
    ASSIGN_OR_RETURN(const bool dead, attacher_.IsGone(top.device));
    if (!dead) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " has ", top.source, " mounted on it, which is not ", ns.device_path));
    }
    RETURN_IF_ERROR(UnmountDead(request, top));
    base::Log(base::Level::kWarning, "unmounting a dead file system",
              {{"path", path}, {"device", base::Describe(top.device)}});
    RETURN_IF_ERROR(mounter_.Unmount(path));
  }
}

// What was published of a dead file system. As long as one mount of it stays, XFS refuses the disk
// under its new number, because it carries the same UUID; and whoever still has it, has lost it.
absl::Status Stager::UnmountDead(const StageRequest& request, const mount::MountPoint& dead) {
  std::vector<std::string> paths = {request.staging_path};
  if (const auto record = records_.FindCurrent(request.volume_id); record.has_value()) {
    for (const Publication& each : record->publications) paths.push_back(each.target_path);
  }
  ASSIGN_OR_RETURN(const std::vector<mount::DeviceUse> uses,
                   mounter_.UsesBeyond({dead.source, dead.device}, paths));
  if (!uses.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        Name(Diagnosis::kStaleEndpoint), ": the disk under ", request.staging_path,
        " was lost and is back under another number; its old file system is still ",
        mount::DescribeUses(uses),
        ", where it never works again: end what uses it (delete the pod), then it is mounted "
        "anew"));
  }
  for (const std::string& path : paths) {
    while (path != request.staging_path) {
      ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
      const std::vector<mount::MountPoint> layers = table.At(path);
      if (layers.empty() || layers.back().device != dead.device) break;
      RETURN_IF_ERROR(mounter_.Unmount(path));
    }
  }
  return absl::OkStatus();
}

absl::Status Stager::PrepareFileSystem(const volume::VolumeCapability& capability,
                                       const mount::Device& device, base::Call& call) {
  const bool read_only = volume::IsReadOnly(capability.mode);
  ASSIGN_OR_RETURN(const mount::ProbeResult found, file_systems_.Probe(device));
  switch (found.content) {
    case mount::Content::kBlank:
      if (read_only) {
        return absl::FailedPreconditionError(
            absl::StrCat(device.path, " is blank and the access mode is read-only"));
      }
      base::Log(base::Level::kInfo, "formatting",
                {{"device", device.path}, {"fs", capability.fs_type}});
      return file_systems_.Format(device, {capability.fs_type}, call.deadline());
    case mount::Content::kFileSystem:
      if (found.type != capability.fs_type) {
        return UnwantedContent(device, found.type, capability.fs_type);
      }
      if (read_only) return absl::OkStatus();
      return file_systems_.Check(device, capability.fs_type, call.deadline());
    case mount::Content::kForeign:
    case mount::Content::kUnknown:
      break;
  }
  return UnwantedContent(device, found.type, capability.fs_type);
}

absl::Status Stager::MountVerified(const StageRequest& request, const nvme::Namespace& ns) {
  RETURN_IF_ERROR(mounter_.MakeDirectory(request.staging_path));
  RETURN_IF_ERROR(mounter_.Mount({ns.device_path, request.staging_path, request.capability.fs_type,
                                  MountOptions(request.capability), AccessOf(request.capability)}));
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> layers = table.At(request.staging_path);
  if (!layers.empty() && layers.back().device == ns.number) return absl::OkStatus();
  // The name moved between the look and the mount.
  RETURN_IF_ERROR(mounter_.Unmount(request.staging_path));
  return absl::UnavailableError(absl::StrCat(ns.device_path, " is no longer ",
                                             base::Describe(ns.number),
                                             "; what it is now was unmounted again"));
}

absl::Status Stager::Undo(const StageRequest& request, const volume::Nqn& subsystem,
                          base::Call& call) {
  while (true) {
    ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
    const std::vector<mount::MountPoint> layers = table.At(request.staging_path);
    if (layers.empty()) break;
    const base::DeviceNumber device = layers.back().device;
    ASSIGN_OR_RETURN(const bool gone, attacher_.IsGone(device));
    ASSIGN_OR_RETURN(const std::optional<volume::Nqn> owner, attacher_.SubsystemOf(device));
    if (!gone && owner != subsystem) break;  // somebody else's
    RETURN_IF_ERROR(mounter_.Unmount(request.staging_path));
  }
  return Leave(request.volume_id, subsystem, call);
}

absl::Status Stager::UnstageRecorded(StageRecord record, base::Call& call) {
  RETURN_IF_ERROR(RequireUnpublished(record));
  ASSIGN_OR_RETURN(const volume::Target target, TargetOf(record));
  if (!records_.FindCurrent(record.volume_id).has_value()) {
    // Its boot is over, and its connections with it: what is connected now is not for it.
    RETURN_IF_ERROR(UnmountStaging(record.staging_path));
    return records_.Erase(record.volume_id);
  }
  if (record.state != StageState::kUnstaging) {
    record.state = StageState::kUnstaging;
    RETURN_IF_ERROR(records_.Put(record));
  }
  call.WaitsFor(
      WaitForDisk(absl::StrCat("the unmount of ", record.staging_path), record.volume_context));
  RETURN_IF_ERROR(call.Measure("mount", [&] { return UnmountStaging(record.staging_path); }));
  call.WaitsFor(absl::StrCat("the kernel removes the paths to ", target.subsystem.text()));
  return Leave(record.volume_id, target.subsystem, call);
}

// The record was lost; what is mounted tells the rest. A raw block volume leaves nothing to tell it
// by.
absl::Status Stager::UnstageUnrecorded(const std::string& staging_path, base::Call& call) {
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  const std::vector<mount::MountPoint> layers = table.At(staging_path);
  if (layers.empty()) return absl::OkStatus();
  const base::DeviceNumber number = layers.back().device;
  ASSIGN_OR_RETURN(const std::optional<volume::Nqn> subsystem, attacher_.SubsystemOf(number));
  if (!subsystem.has_value()) {
    return absl::NotFoundError(absl::StrCat("the volume is not staged here, and ", staging_path,
                                            " has ", layers.back().source, " mounted on it"));
  }
  RETURN_IF_ERROR(UnmountStaging(staging_path));
  return Leave("", *subsystem, call);
}

absl::Status Stager::RequireUnpublished(const StageRecord& record) const {
  if (record.publications.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
  for (const Publication& publication : record.publications) {
    if (table.At(publication.target_path).empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(record.volume_id, " is still published at ", publication.target_path));
  }
  return absl::OkStatus();
}

absl::Status Stager::UnmountStaging(const std::string& path) {
  while (true) {
    ASSIGN_OR_RETURN(const mount::MountTable table, mounter_.Table());
    const std::vector<mount::MountPoint> layers = table.At(path);
    if (layers.empty()) return absl::OkStatus();
    const base::DeviceNumber device = layers.back().device;
    for (const mount::MountPoint& other : table.Of(device)) {
      if (other.path != path) {
        return absl::FailedPreconditionError(
            absl::StrCat(layers.back().source, " is still mounted at ", other.path));
      }
    }
    RETURN_IF_ERROR(mounter_.Unmount(path));
  }
}

// The marks go last: while there is a record, they must tell which connections are somebody else's.
absl::Status Stager::Leave(const std::string& volume_id, const volume::Nqn& subsystem,
                           base::Call& call) {
  const auto unwanted_but_for = [&](const std::string& volume) {
    return [&] { return records_.OthersIn(subsystem, volume).empty(); };
  };
  RETURN_IF_ERROR(attacher_.Detach(subsystem, unwanted_but_for(volume_id), call));
  if (!volume_id.empty()) RETURN_IF_ERROR(records_.Erase(volume_id));
  fabric_.Forget(subsystem, unwanted_but_for(""));
  return attacher_.Forget(subsystem, unwanted_but_for(""));
}

}  // namespace nvmeof::node
