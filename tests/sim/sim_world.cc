#include "tests/sim/sim_world.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "base/errno_status.h"

namespace nvmeof::testing {
namespace {

bool IsNvme(base::DeviceNumber number) { return number.major == 259; }

absl::Status NoPath() { return base::ErrnoStatus(EIO, "no live path"); }

}  // namespace

class SimWorld::Topology final : public nvme::Topology {
 public:
  explicit Topology(SimWorld& world) : world_(world) {}

  absl::StatusOr<std::optional<nvme::Subsystem>> Find(const volume::Nqn& nqn) const override {
    world_.AtSeam(Seam::kLook);
    return world_.kernel.Find(nqn);
  }
  absl::StatusOr<std::vector<nvme::Subsystem>> All() const override {
    world_.AtSeam(Seam::kLook);
    return world_.kernel.All();
  }
  absl::StatusOr<bool> NativeMultipath() const override { return true; }
  absl::StatusOr<bool> Exists(base::DeviceNumber number) const override {
    world_.AtSeam(Seam::kLook);
    return world_.kernel.Exists(number);
  }
  absl::StatusOr<std::uint64_t> SizeBytes(base::DeviceNumber number) const override {
    return world_.kernel.SizeBytes(number);
  }
  absl::StatusOr<bool> HasHolders(const nvme::Namespace& ns) const override {
    return world_.kernel.HasHolders(ns);
  }

 private:
  SimWorld& world_;
};

class SimWorld::Fabric final : public nvme::Fabric {
 public:
  explicit Fabric(SimWorld& world) : world_(world) {}

  absl::Status Connect(const nvme::ConnectRequest& request) override {
    world_.AtSeam(Seam::kLocked);
    absl::Status connected = world_.kernel.Connect(request);
    world_.Settle();
    return connected;
  }

  absl::Status Disconnect(const volume::Nqn& subsystem, const std::string& controller) override {
    world_.AtSeam(Seam::kEffect);
    if (world_.effects.dead()) return world_.kernel.Disconnect(subsystem, controller);
    if (world_.IsPeer(controller)) {
      world_.on_violation(absl::StrCat("deletes ", controller, ", which a peer connected"));
    }
    if (world_.flaw == SimFlaw::kKeepsControllers) return absl::OkStatus();
    const auto before = world_.present_;
    absl::Status done = world_.kernel.Disconnect(subsystem, controller);
    world_.Settle();
    for (const auto& [number, disk] : before) {
      const auto uses = *world_.mounts.UsesOf({"/dev/none", number});
      if (world_.IsPresent(number) || uses.empty()) continue;
      world_.on_violation(absl::StrCat("deletes ", controller, ", the last path of ", disk.path,
                                       ", which is ", mount::Describe(uses.front())));
    }
    return done;
  }

  absl::Status Rescan(const std::string& controller) override {
    world_.AtSeam(Seam::kEffect);
    absl::Status done = world_.kernel.Rescan(controller);
    world_.Settle();
    return done;
  }

  absl::Status SetIoPolicy(const std::string& subsystem, volume::IoPolicy policy) override {
    world_.AtSeam(Seam::kEffect);
    return world_.kernel.SetIoPolicy(subsystem, policy);
  }

 private:
  SimWorld& world_;
};

class SimWorld::Uevents final : public nvme::Uevents {
 public:
  explicit Uevents(SimWorld& world) : world_(world) {}

  absl::StatusOr<std::unique_ptr<nvme::UeventSubscription>> Subscribe() override {
    auto inner = world_.kernel.Subscribe();
    return std::make_unique<Subscription>(world_, *std::move(inner));
  }

 private:
  class Subscription final : public nvme::UeventSubscription {
   public:
    Subscription(SimWorld& world, std::unique_ptr<nvme::UeventSubscription> inner)
        : world_(world), inner_(std::move(inner)) {}
    absl::StatusOr<bool> WaitUntil(absl::Time deadline) override {
      world_.AtSeam(Seam::kWait);
      absl::StatusOr<bool> event = inner_->WaitUntil(deadline);
      world_.Settle();
      return event;
    }

   private:
    SimWorld& world_;
    const std::unique_ptr<nvme::UeventSubscription> inner_;
  };

  SimWorld& world_;
};

class SimWorld::PortalProbe final : public nvme::PortalProbe {
 public:
  explicit PortalProbe(SimWorld& world) : world_(world) {}

  std::vector<absl::Status> Probe(const std::vector<volume::Path>& paths, int enough,
                                  absl::Time deadline) override {
    world_.AtSeam(Seam::kWait);
    return world_.kernel.Probe(paths, enough, deadline);
  }

 private:
  SimWorld& world_;
};

class SimWorld::Mounter final : public mount::Mounter {
 public:
  explicit Mounter(SimWorld& world) : world_(world), inner_(world.mounts) {}

  absl::Status Mount(const mount::MountRequest& request) override {
    world_.AtSeam(Seam::kEffect);
    const auto number = *inner_.BlockDevice(request.source);
    if (number.has_value()) {
      if (!world_.Answers(*number)) return NoPath();
      const mount::ProbeResult content = world_.disks.ContentOf(*number);
      if (content.type != request.fs_type) {
        return absl::FailedPreconditionError(
            absl::StrCat("wrong file system type, superblock of ", content.type));
      }
      if (request.fs_type == "xfs" && IsMountedUnderAnotherNumber(*number)) {
        return absl::FailedPreconditionError("Filesystem has duplicate UUID - can't mount");
      }
    }
    absl::Status done = inner_.Mount(request);
    if (done.ok()) {
      world_.Touch("mount", request.target,
                   world_.flaw == SimFlaw::kMountsAnotherDisk ? kRootDisk : *number);
    }
    return done;
  }

  absl::Status BindMount(const std::string& source, const std::string& target,
                         mount::Access access) override {
    world_.AtSeam(Seam::kEffect);
    auto number = *inner_.BlockDevice(source);
    if (const auto layers = inner_.Table()->At(source); !number.has_value() && !layers.empty()) {
      number = layers.back().device;
    }
    absl::Status done = inner_.BindMount(source, target, access);
    if (done.ok()) world_.Touch("bind", target, number.value_or(kRootDisk));
    return done;
  }

  absl::Status Unmount(const std::string& path) override {
    return TakeAway(path, &mount::Mounter::Unmount);
  }
  absl::Status UnmountLazily(const std::string& path) override {
    return TakeAway(path, &mount::Mounter::UnmountLazily);
  }

  absl::StatusOr<mount::MountTable> Table() const override {
    world_.AtSeam(Seam::kLook);
    return inner_.Table();
  }
  absl::StatusOr<std::vector<mount::DeviceUse>> UsesOf(const mount::Device& device) const override {
    world_.AtSeam(Seam::kLook);
    return inner_.UsesOf(device);
  }
  absl::StatusOr<std::vector<mount::DeviceUse>> UsesBeyond(
      const mount::Device& device, const std::vector<std::string>& paths) const override {
    world_.AtSeam(Seam::kLook);
    return inner_.UsesBeyond(device, paths);
  }
  absl::StatusOr<std::vector<mount::DeviceUse>> OpenersOf(
      const mount::Device& device) const override {
    return inner_.OpenersOf(device);
  }
  absl::StatusOr<mount::PathKind> Kind(const std::string& path) const override {
    return inner_.Kind(path);
  }
  absl::Status MakeDirectory(const std::string& path) override {
    world_.AtSeam(Seam::kEffect);
    return inner_.MakeDirectory(path);
  }
  absl::Status MakeFile(const std::string& path) override {
    world_.AtSeam(Seam::kEffect);
    return inner_.MakeFile(path);
  }
  absl::Status Remove(const std::string& path) override {
    world_.AtSeam(Seam::kEffect);
    return inner_.Remove(path);
  }
  absl::StatusOr<std::optional<base::DeviceNumber>> BlockDevice(
      const std::string& path) const override {
    world_.AtSeam(Seam::kLook);
    return inner_.BlockDevice(path);
  }

 private:
  absl::Status TakeAway(const std::string& path,
                        absl::Status (mount::Mounter::*unmount)(const std::string&)) {
    world_.AtSeam(Seam::kEffect);
    if (world_.flaw == SimFlaw::kKeepsMounts) return absl::FailedPreconditionError("busy");
    const auto layers = inner_.Table()->At(path);
    absl::Status done = (inner_.*unmount)(path);
    if (done.ok() && !layers.empty()) world_.Touch("unmount", path, layers.back().device);
    world_.Settle();
    return done;
  }

  bool IsMountedUnderAnotherNumber(base::DeviceNumber number) const {
    const mount::MountTable table = *inner_.Table();
    return std::any_of(table.all().begin(), table.all().end(), [&](const auto& mount) {
      return IsNvme(mount.device) && mount.device != number &&
             world_.DiskBehind(mount.device) == world_.DiskBehind(number);
    });
  }

  SimWorld& world_;
  FakeMounter& inner_;
};

class SimWorld::FileSystems final : public mount::FileSystems {
 public:
  explicit FileSystems(SimWorld& world) : world_(world), inner_(world.disks) {}

  absl::StatusOr<std::unique_ptr<mount::DeviceHold>> Hold(const mount::Device& device) override {
    world_.AtSeam(Seam::kLook);
    auto hold = inner_.Hold(device);
    if (!hold.ok()) return hold.status();
    return std::make_unique<SettlingHold>(world_, *std::move(hold));
  }
  absl::StatusOr<mount::ProbeResult> Probe(const mount::Device& device) override {
    world_.AtSeam(Seam::kLook);
    if (!world_.Answers(device.number)) return NoPath();
    return inner_.Probe(device);
  }
  absl::Status Format(const mount::Device& device, const mount::FormatOptions& options,
                      absl::Time deadline) override {
    world_.AtSeam(Seam::kEffect);
    if (!world_.Answers(device.number)) return NoPath();
    world_.Touch("format", "", At(device));
    return inner_.Format(device, options, deadline);
  }
  absl::Status Check(const mount::Device& device, const std::string& fs_type,
                     absl::Time deadline) override {
    world_.AtSeam(Seam::kEffect);
    if (!world_.Answers(device.number)) return NoPath();
    world_.Touch("check", "", At(device));
    return inner_.Check(device, fs_type, deadline);
  }
  absl::Status Grow(const mount::Device& device, const std::string& fs_type,
                    const std::string& mount_path, absl::Time deadline) override {
    world_.AtSeam(Seam::kEffect);
    if (!world_.Answers(device.number)) return NoPath();
    absl::Status done = inner_.Grow(device, fs_type, mount_path, deadline);
    if (done.ok()) world_.Touch("grow", mount_path, At(device));
    return done;
  }
  absl::StatusOr<bool> NeedsGrowth(const mount::Device& device, const std::string& fs_type,
                                   const std::string& mount_path) override {
    world_.AtSeam(Seam::kLook);
    return inner_.NeedsGrowth(device, fs_type, mount_path);
  }
  absl::Status SetReadOnly(const mount::Device& device, bool read_only) override {
    world_.AtSeam(Seam::kEffect);
    world_.Touch("read-only", "", At(device));
    return inner_.SetReadOnly(device, read_only);
  }

 private:
  class SettlingHold final : public mount::DeviceHold {
   public:
    SettlingHold(SimWorld& world, std::unique_ptr<mount::DeviceHold> inner)
        : world_(world), inner_(std::move(inner)) {}
    ~SettlingHold() override {
      inner_.reset();
      world_.Settle();
    }

   private:
    SimWorld& world_;
    std::unique_ptr<mount::DeviceHold> inner_;
  };

  // Where the name leads now: a mistake is seen even if the fake would refuse it.
  base::DeviceNumber At(const mount::Device& device) const {
    return world_.mounts.BlockDevice(device.path)->value_or(device.number);
  }

  SimWorld& world_;
  FakeFileSystems& inner_;
};

class SimWorld::Files final : public base::RecordFiles {
 public:
  // `seam`: what the node half allows to happen at a write.
  Files(SimWorld& world, MemoryRecordFiles& inner, Seam seam)
      : world_(world), inner_(inner), seam_(seam) {}

  absl::StatusOr<std::vector<std::string>> Names() const override { return inner_.Names(); }
  absl::StatusOr<std::string> Read(const std::string& name) const override {
    return inner_.Read(name);
  }
  absl::Status Write(const std::string& name, absl::string_view content) override {
    world_.AtSeam(seam_);
    if (world_.flaw == SimFlaw::kForgetsRecords && !content.empty()) return absl::OkStatus();
    if (world_.files == SimFiles::kFull) return base::ErrnoStatus(ENOSPC, name);
    if (world_.files == SimFiles::kReadOnly) return base::ErrnoStatus(EROFS, name);
    return inner_.Write(name, content);
  }
  absl::Status Remove(const std::string& name) override {
    world_.AtSeam(seam_);
    if (world_.files == SimFiles::kReadOnly) return base::ErrnoStatus(EROFS, name);
    return inner_.Remove(name);
  }
  absl::Status SetAside(const std::string& name) override {
    if (world_.files == SimFiles::kReadOnly) return base::ErrnoStatus(EROFS, name);
    return inner_.SetAside(name);
  }

 private:
  SimWorld& world_;
  MemoryRecordFiles& inner_;
  const Seam seam_;
};

struct SimWorld::Seams {
  explicit Seams(SimWorld& world)
      : identity{*volume::Nqn::Parse(FakeKernel::kHostNqn), "0a1b2c3d-0000-4000-8000-000000000001"},
        topology(world),
        fabric(world),
        uevents(world),
        probe(world),
        mounter(world),
        file_systems(world),
        record_files(world, world.records, Seam::kEffect),
        mark_files(world, world.marks, Seam::kLocked) {}

  const nvme::HostIdentity identity;
  Topology topology;
  Fabric fabric;
  Uevents uevents;
  PortalProbe probe;
  Mounter mounter;
  FileSystems file_systems;
  Files record_files;
  Files mark_files;
};

SimWorld::SimWorld(std::vector<SimVolume> its_volumes, std::vector<SimAgent> its_agents)
    : volumes(std::move(its_volumes)), agents(std::move(its_agents)) {
  kernel.SetGate([this](const std::string& effect) { return effects.Do(effect); });
  kernel.ReuseNumbers([this](base::DeviceNumber number) { return !IsHeld(number); });
  for (const SimVolume& volume : volumes) kernel.Serve(TargetOf(volume));
  seams_ = std::make_unique<Seams>(*this);
}

SimWorld::~SimWorld() = default;

node::NvmeHost SimWorld::host() {
  return {seams_->identity, seams_->topology, seams_->fabric, seams_->uevents, seams_->probe};
}
mount::Mounter& SimWorld::mounter() { return seams_->mounter; }
mount::FileSystems& SimWorld::file_systems() { return seams_->file_systems; }
base::RecordFiles& SimWorld::record_files() { return seams_->record_files; }
base::RecordFiles& SimWorld::mark_files() { return seams_->mark_files; }

volume::Target SimWorld::TargetOf(const SimVolume& volume) const {
  return {*volume.nqn,
          {*volume::Uuid::Parse(volume.uuid), std::nullopt, volume.nsid},
          agents[static_cast<std::size_t>(volume.agent)].portals,
          volume.size_bytes};
}

std::string SimWorld::DiskBehind(base::DeviceNumber number) const {
  const auto found = behind_.find(number);
  return found == behind_.end() ? "" : found->second;
}

std::optional<base::DeviceNumber> SimWorld::PresentNumber(const SimVolume& volume) const {
  for (const auto& [number, disk] : present_) {
    if (disk.uuid == volume.uuid) return number;
  }
  return std::nullopt;
}

void SimWorld::AtSeam(Seam seam) {
  if (at_seam && !effects.dead()) at_seam(seam);
  Update();
}

void SimWorld::Touch(const std::string& verb, const std::string& path, base::DeviceNumber number) {
  if (!effects.dead()) on_touch(verb, path, DiskBehind(number));
}

bool SimWorld::IsHeld(base::DeviceNumber number) const {
  if (disks.IsHeld(number)) return true;
  const auto uses = mounts.UsesOf({"/dev/none", number});
  return !uses->empty() || !mounts.OpenersOf({"/dev/none", number})->empty();
}

bool SimWorld::Answers(base::DeviceNumber number) const { return kernel.Answers(number); }

void SimWorld::Pass(absl::Duration time) {
  const absl::Time until = clock.Now() + time;
  const auto events = kernel.Subscribe();
  while (*(*events)->WaitUntil(until)) continue;
  Settle();
}

void SimWorld::Settle() {
  changed_ = true;
  Update();
}

// Does to /dev, to the disks and to empty subsystems what follows from what the kernel shows.
void SimWorld::Update() {
  if (!std::exchange(changed_, false)) return;
  std::map<base::DeviceNumber, Disk> now;
  const std::vector<nvme::Subsystem> subsystems = *kernel.All();
  for (const nvme::Subsystem& subsystem : subsystems) {
    for (const nvme::Namespace& ns : subsystem.namespaces) {
      now[ns.number] = {subsystem.nqn, ns.device_path, ns.uuid->Dashed(), ns.size_bytes};
    }
  }
  for (const auto& [number, disk] : present_) {
    const auto still = now.find(number);
    if (still != now.end() && still->second.uuid == disk.uuid && still->second.nqn == disk.nqn) {
      continue;
    }
    mounts.RemoveDevice(disk.path);
    if (IsHeld(number)) {
      dead_[number] = disk;
      kernel.SetHeld(*volume::Nqn::Parse(disk.nqn), true);
    }
  }
  for (const auto& [number, disk] : now) {
    const auto before = present_.find(number);
    if (before != present_.end() && before->second == disk) continue;
    if (before == present_.end() || before->second.uuid != disk.uuid) {
      mounts.AddDevice(disk.path, number);
      disks.SetMedium(number, disk.uuid);
      behind_[number] = disk.uuid;
    }
    disks.SetSize(number, static_cast<std::int64_t>(disk.size_bytes));
  }
  present_ = std::move(now);
  std::set<std::string> released;
  std::erase_if(dead_, [&](const auto& dead) {
    if (IsHeld(dead.first)) return false;
    released.insert(dead.second.nqn);
    return true;
  });
  for (const auto& [number, disk] : dead_) released.erase(disk.nqn);
  for (const std::string& nqn : released) kernel.SetHeld(*volume::Nqn::Parse(nqn), false);
}

void SimWorld::PortalDown(const volume::Portal& portal, int how) {
  if (how == 0) kernel.Refuse(portal);
  if (how == 1) kernel.Silence(portal);
  if (how == 2) kernel.Hang(portal);
  kernel.Stall(portal);
  Settle();
}

void SimWorld::PortalUp(const volume::Portal& portal) {
  kernel.Heal(portal);
  Settle();
}

void SimWorld::Vanish(const SimVolume& volume) {
  kernel.Withdraw(*volume.nqn, volume.nsid);
  Settle();
}

void SimWorld::Return(const SimVolume& volume, bool announced) {
  if (announced) kernel.Withdraw(*volume.nqn, volume.nsid);
  kernel.Serve(TargetOf(volume),
               announced ? FakeKernel::Appearance::kAtOnce : FakeKernel::Appearance::kOnRescan);
  if (announced) kernel.Announce(*volume.nqn);
  Settle();
}

void SimWorld::Lie(const SimVolume& volume, bool blank, bool announced) {
  volume::Target target = TargetOf(volume);
  const std::string uuid = absl::StrFormat("bad00000-0000-4000-8000-%012d", ++lies_);
  target.identity.uuid = *volume::Uuid::Parse(uuid);
  // A number of its own, only to say what is on it.
  constexpr base::DeviceNumber kElsewhere{7, 0};
  disks.SetMedium(kElsewhere, uuid);
  if (!blank) disks.SetContent(kElsewhere, {mount::Content::kFileSystem, "ext4"});
  if (announced) kernel.Withdraw(*volume.nqn, volume.nsid);
  kernel.Serve(target);
  if (announced) kernel.Announce(*volume.nqn);
  Settle();
}

void SimWorld::Grow(SimVolume& volume, bool announced) {
  volume.size_bytes += std::uint64_t{1} << 30;
  kernel.Grow(*volume.nqn, volume.size_bytes, volume.nsid);
  if (announced) kernel.Announce(*volume.nqn);
  Settle();
}

void SimWorld::Move(int agent, int portal) {
  volume::Portal& moving =
      agents[static_cast<std::size_t>(agent)].portals[static_cast<std::size_t>(portal)];
  const volume::Portal before = moving;
  moving.address = absl::StrCat("192.0.2.", next_host_++);
  for (const SimVolume& volume : volumes) {
    if (volume.agent != agent) continue;
    kernel.Leave(*volume.nqn, before);
    kernel.Listen(*volume.nqn, moving);
  }
  kernel.Stall(before);
  Settle();
}

bool SimWorld::PeerConnects(const volume::Nqn& nqn, const volume::Path& path) {
  const auto before = kernel.Peek(nqn);
  if (before.has_value() && nvme::MissingPaths(*before, {path}).empty()) return false;
  kernel.ConnectAsPeer(nqn, path);
  peers_.insert(kernel.Peek(nqn)->controllers.back().name);
  Settle();
  return true;
}

void SimWorld::PeerDisconnects() {
  for (const std::string& name : std::exchange(peers_, {})) kernel.Lose(name);
  Settle();
}

void SimWorld::Reboot() {
  kernel.Reboot();
  mounts.Reboot();
  present_.clear();
  dead_.clear();
  peers_.clear();
  Settle();
}

}  // namespace nvmeof::testing
