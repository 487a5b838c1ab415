// FakeMounter: a mount namespace in memory. It keeps a table, knows folders, files and device
// nodes, and behaves as the kernel does where callers depend on it: a bind mount of a device node
// shows the number of devtmpfs, mounts stack, a busy mount stays, a mount point is not removed.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"

#include "base/device_number.h"
#include "mount/mount_table.h"
#include "mount/mounter.h"
#include "tests/fakes/effects.h"

namespace nvmeof::testing {

inline constexpr base::DeviceNumber kRootDisk{8, 1};
inline constexpr base::DeviceNumber kDevtmpfs{0, 6};

// Internally synchronised. Borrows the effects.
class FakeMounter final : public mount::Mounter {
 public:
  explicit FakeMounter(Effects& effects) : effects_(effects) {
    Insert({1, 0, kRootDisk, "/", false, "/", false, "ext4", "/dev/sda1", {"rw"}, {"rw"}});
    Insert({2, 1, kDevtmpfs, "/", false, "/dev", false, "devtmpfs", "udev", {"rw"}, {"rw"}});
    AddDirectory("/dev");
  }

  // A device node, which must be under /dev.
  void AddDevice(const std::string& path, base::DeviceNumber number) {
    const absl::MutexLock lock(&mutex_);
    devices_[path] = number;
  }

  // As when the kernel gave up on every path: the node goes, its mounts stay.
  void RemoveDevice(const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    devices_.erase(path);
    for (mount::MountPoint& mount : mounts_) {
      if (mount.fs_type == "devtmpfs" && absl::StrCat("/dev", mount.root) == path) {
        mount.root_deleted = true;
      }
    }
  }

  // The machine starts anew: folders and files stay, and nothing is mounted.
  void Reboot() {
    const absl::MutexLock lock(&mutex_);
    mounts_.resize(2);
    devices_.clear();
    bound_.clear();
    foreign_uses_.clear();
    busy_.clear();
  }

  // With its parents.
  void AddDirectory(const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    for (std::string at = path; at != "/"; at = Parent(at)) {
      nodes_[at] = mount::PathKind::kDirectory;
    }
  }

  void AddFile(const std::string& path) {
    AddDirectory(Parent(path));
    const absl::MutexLock lock(&mutex_);
    nodes_[path] = mount::PathKind::kFile;
  }

  // What another program mounted at `path`.
  void AddMount(base::DeviceNumber device, const std::string& path, const std::string& fs_type) {
    AddDirectory(path);
    const absl::MutexLock lock(&mutex_);
    Insert({next_id_++, 1, device, "/", false, path, false, fs_type, "other", {"rw"}, {"rw"}});
  }

  // A use of the device that our own table does not show: in another mount namespace, swap, or an
  // open descriptor.
  void AddUse(base::DeviceNumber device, mount::DeviceUse use) {
    const absl::MutexLock lock(&mutex_);
    foreign_uses_.emplace(device, std::move(use));
  }
  void RemoveUses(base::DeviceNumber device) {
    const absl::MutexLock lock(&mutex_);
    foreign_uses_.erase(device);
  }

  void SetBusy(const std::string& path, bool busy) {
    const absl::MutexLock lock(&mutex_);
    busy ? void(busy_.insert(path)) : void(busy_.erase(path));
  }

  absl::Status Mount(const mount::MountRequest& request) override {
    const absl::MutexLock lock(&mutex_);
    const auto device = devices_.find(request.source);
    if (device == devices_.end()) return absl::NotFoundError(request.source);
    const base::DeviceNumber number = device->second;  // a test's hook may take the node away
    if (KindLocked(request.target) != mount::PathKind::kDirectory) {
      return absl::NotFoundError(request.target);
    }
    const mount::MountPoint* top = TopAt(request.target);
    if (top != nullptr && top->device == number && top->root == "/") {
      return absl::FailedPreconditionError("already mounted");
    }
    if (absl::Status leave = Leave(absl::StrCat("mount ", request.source, " ", request.target));
        !leave.ok()) {
      return leave;
    }
    std::vector<std::string> options = request.options;
    const bool read_only = request.access == mount::Access::kReadOnly;
    options.insert(options.begin(), read_only ? "ro" : "rw");
    Insert({next_id_++,
            ParentMount(request.target).id,
            number,
            "/",
            false,
            request.target,
            read_only,
            request.fs_type,
            request.source,
            options,
            {options.front()}});
    return absl::OkStatus();
  }

  absl::Status BindMount(const std::string& source, const std::string& target,
                         mount::Access access) override {
    const absl::MutexLock lock(&mutex_);
    const mount::PathKind from = KindLocked(source);
    const bool folder = from == mount::PathKind::kDirectory;
    if (from == mount::PathKind::kAbsent || KindLocked(target) == mount::PathKind::kAbsent ||
        folder != (KindLocked(target) == mount::PathKind::kDirectory)) {
      return absl::NotFoundError(absl::StrCat("bind ", source, " ", target));
    }
    if (absl::Status leave = Leave(absl::StrCat("bind ", source, " ", target)); !leave.ok()) {
      return leave;
    }
    mount::MountPoint bound = ParentMount(source);
    const std::string below(absl::StripPrefix(source, bound.path == "/" ? "" : bound.path));
    bound.root = absl::StrCat(bound.root == "/" ? "" : bound.root, below);
    if (bound.root.empty()) bound.root = "/";
    bound.id = next_id_++;
    bound.parent_id = ParentMount(target).id;
    bound.path = target;
    bound.read_only = access == mount::Access::kReadOnly;
    bound.options = {bound.read_only ? "ro" : "rw"};
    if (const auto device = DeviceAt(source); device.has_value()) bound_[bound.id] = *device;
    Insert(bound);
    return absl::OkStatus();
  }

  absl::Status Unmount(const std::string& path) override {
    const absl::MutexLock lock(&mutex_);
    if (TopAt(path) != nullptr && busy_.contains(path)) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is busy"));
    }
    return TakeTopAway(path, "unmount ");
  }

  absl::Status UnmountLazily(const std::string& path) override {
    const absl::MutexLock lock(&mutex_);
    return TakeTopAway(path, "unmount lazily ");
  }

  absl::StatusOr<mount::MountTable> Table() const override {
    const absl::MutexLock lock(&mutex_);
    return mount::MountTable(mounts_);
  }

  absl::StatusOr<std::vector<mount::DeviceUse>> UsesOf(const mount::Device& device) const override {
    const absl::MutexLock lock(&mutex_);
    std::vector<mount::DeviceUse> uses = UsesIn(mount::MountTable(mounts_), device, {});
    AppendForeign(device.number, false, uses);
    return uses;
  }

  absl::StatusOr<std::vector<mount::DeviceUse>> UsesBeyond(
      const mount::Device& device, const std::vector<std::string>& paths) const override {
    auto uses = UsesOf(device);
    std::erase_if(*uses, [&](const mount::DeviceUse& use) {
      return use.process.pid == 0 && std::find(paths.begin(), paths.end(), use.path) != paths.end();
    });
    return uses;
  }

  absl::StatusOr<std::vector<mount::DeviceUse>> OpenersOf(
      const mount::Device& device) const override {
    const absl::MutexLock lock(&mutex_);
    std::vector<mount::DeviceUse> uses;
    AppendForeign(device.number, true, uses);
    return uses;
  }

  absl::StatusOr<mount::PathKind> Kind(const std::string& path) const override {
    const absl::MutexLock lock(&mutex_);
    return KindLocked(path);
  }

  absl::Status MakeDirectory(const std::string& path) override {
    return Make(path, mount::PathKind::kDirectory, "mkdir ");
  }

  absl::Status MakeFile(const std::string& path) override {
    return Make(path, mount::PathKind::kFile, "mkfile ");
  }

  absl::Status Remove(const std::string& path) override {
    const absl::MutexLock lock(&mutex_);
    if (KindLocked(path) == mount::PathKind::kAbsent) return absl::OkStatus();
    const bool filled = std::any_of(nodes_.begin(), nodes_.end(), [&path](const auto& node) {
      return absl::StartsWith(node.first, absl::StrCat(path, "/"));
    });
    if (filled || TopAt(path) != nullptr || devices_.contains(path)) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is in use"));
    }
    if (absl::Status leave = Leave(absl::StrCat("remove ", path)); !leave.ok()) return leave;
    nodes_.erase(path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<base::DeviceNumber>> BlockDevice(
      const std::string& path) const override {
    const absl::MutexLock lock(&mutex_);
    return DeviceAt(path);
  }

 private:
  static std::string Parent(const std::string& path) {
    return path.rfind('/') == 0 ? "/" : path.substr(0, path.rfind('/'));
  }

  // The lock is given back while a test's hook runs.
  absl::Status Leave(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    mutex_.Unlock();
    absl::Status leave = effects_.Do(name);
    mutex_.Lock();
    return leave;
  }

  absl::Status TakeTopAway(const std::string& path, const std::string& verb)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (TopAt(path) == nullptr) return absl::OkStatus();
    if (absl::Status leave = Leave(verb + path); !leave.ok()) return leave;
    const int top = TopAt(path)->id;
    std::erase_if(mounts_, [top](const auto& mount) { return mount.id == top; });
    return absl::OkStatus();
  }

  void Insert(mount::MountPoint mount) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    mounts_.push_back(std::move(mount));
  }

  void AppendForeign(base::DeviceNumber device, bool open,
                     std::vector<mount::DeviceUse>& uses) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto [begin, end] = foreign_uses_.equal_range(device);
    for (auto use = begin; use != end; ++use) {
      if ((use->second.kind == mount::DeviceUse::Kind::kOpen) == open) uses.push_back(use->second);
    }
  }

  const mount::MountPoint* TopAt(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto top = std::find_if(mounts_.rbegin(), mounts_.rend(),
                                  [&path](const auto& mount) { return mount.path == path; });
    return top == mounts_.rend() ? nullptr : &*top;
  }

  // The mount that a look-up of `path` ends in.
  const mount::MountPoint& ParentMount(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (std::string at = path;; at = Parent(at)) {
      if (const mount::MountPoint* top = TopAt(at); top != nullptr) return *top;
    }
  }

  std::optional<base::DeviceNumber> DeviceAt(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (const mount::MountPoint* top = TopAt(path); top != nullptr) {
      const auto bound = bound_.find(top->id);
      if (bound != bound_.end()) return bound->second;
      return std::nullopt;
    }
    const auto device = devices_.find(path);
    if (device != devices_.end()) return device->second;
    return std::nullopt;
  }

  mount::PathKind KindLocked(const std::string& path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (DeviceAt(path).has_value()) return mount::PathKind::kOther;
    if (path == "/") return mount::PathKind::kDirectory;
    const auto node = nodes_.find(path);
    return node == nodes_.end() ? mount::PathKind::kAbsent : node->second;
  }

  absl::Status Make(const std::string& path, mount::PathKind kind, const std::string& verb) {
    const absl::MutexLock lock(&mutex_);
    const mount::PathKind is = KindLocked(path);
    if (is == kind) return absl::OkStatus();
    if (is != mount::PathKind::kAbsent) return absl::FailedPreconditionError(path);
    if (KindLocked(Parent(path)) != mount::PathKind::kDirectory) return absl::NotFoundError(path);
    if (absl::Status leave = Leave(absl::StrCat(verb, path)); !leave.ok()) return leave;
    nodes_[path] = kind;
    return absl::OkStatus();
  }

  Effects& effects_;

  mutable absl::Mutex mutex_;
  std::vector<mount::MountPoint> mounts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, mount::PathKind> nodes_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, base::DeviceNumber> devices_ ABSL_GUARDED_BY(mutex_);
  std::map<int, base::DeviceNumber> bound_ ABSL_GUARDED_BY(mutex_);  // by mount id
  std::multimap<base::DeviceNumber, mount::DeviceUse> foreign_uses_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> busy_ ABSL_GUARDED_BY(mutex_);
  int next_id_ ABSL_GUARDED_BY(mutex_) = 100;
};

}  // namespace nvmeof::testing
