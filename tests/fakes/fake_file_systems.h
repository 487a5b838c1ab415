// FakeFileSystems: what is on each disk, in memory. A volume that comes back under another device
// number has its content still. It checks names against numbers with the
// FakeMounter of the test, so that acting on a moved name fails here as it does on a machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/device_number.h"
#include "mount/filesystem.h"
#include "tests/fakes/effects.h"
#include "tests/fakes/fake_mounter.h"

namespace nvmeof::testing {

// Internally synchronised. Borrows the mounter and the effects.
class FakeFileSystems final : public mount::FileSystems {
 public:
  FakeFileSystems(const FakeMounter& mounter, Effects& effects)
      : mounter_(mounter), effects_(effects) {}

  // What the device stores, by a name of its own. Without one a device is its own medium. The
  // kernel's read-only flag belongs to the device and is clear on a new one.
  void SetMedium(base::DeviceNumber device, const std::string& medium) {
    const absl::MutexLock lock(&mutex_);
    std::string& at = media_[device];
    if (at == medium) return;
    at = medium;
    read_only_.erase(device);
  }

  // A blank disk, or a new size of one that is known.
  void SetSize(base::DeviceNumber device, std::int64_t bytes) {
    const absl::MutexLock lock(&mutex_);
    DiskOf(device).bytes = bytes;
  }

  // {kFileSystem, "xfs"}, {kForeign, "gpt"}, {kUnknown, "bytes at 4096"}, ... A file system fills
  // its disk.
  void SetContent(base::DeviceNumber device, mount::ProbeResult content) {
    const absl::MutexLock lock(&mutex_);
    DiskOf(device).content = std::move(content);
    DiskOf(device).fs_bytes = DiskOf(device).bytes;
  }

  // Every read ends with this status; OK mends it.
  void SetReadError(base::DeviceNumber device, absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    DiskOf(device).read_error = std::move(status);
  }

  // What Check answers.
  void SetCheckResult(base::DeviceNumber device, absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    DiskOf(device).check = std::move(status);
  }

  // 0 until formatted or set.
  std::int64_t FileSystemSize(base::DeviceNumber device) const {
    const absl::MutexLock lock(&mutex_);
    const auto disk = disks_.find(MediumOf(device));
    return disk == disks_.end() ? 0 : disk->second.fs_bytes;
  }

  mount::ProbeResult ContentOf(base::DeviceNumber device) const {
    const absl::MutexLock lock(&mutex_);
    const auto disk = disks_.find(MediumOf(device));
    return disk == disks_.end() ? mount::ProbeResult{mount::Content::kBlank, ""}
                                : disk->second.content;
  }

  bool IsReadOnly(base::DeviceNumber device) const {
    const absl::MutexLock lock(&mutex_);
    return read_only_.contains(device);
  }

  int formats() const { return Count(&Counts::formats); }
  int checks() const { return Count(&Counts::checks); }
  int grows() const { return Count(&Counts::grows); }

  // True while somebody keeps what Hold gave.
  bool IsHeld(base::DeviceNumber device) const {
    const absl::MutexLock lock(&mutex_);
    return holds_.contains(device);
  }

  absl::StatusOr<std::unique_ptr<mount::DeviceHold>> Hold(const mount::Device& device) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Found(device); !status.ok()) return status;
    holds_.insert(device.number);
    return std::make_unique<HoldOfOne>(*this, device.number);
  }

  absl::StatusOr<mount::ProbeResult> Probe(const mount::Device& device) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Readable(device); !status.ok()) return status;
    return DiskOf(device.number).content;
  }

  absl::Status Format(const mount::Device& device, const mount::FormatOptions& options,
                      absl::Time /*deadline*/) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Readable(device); !status.ok()) return status;
    Disk& disk = DiskOf(device.number);
    if (disk.content.content != mount::Content::kBlank) {
      return absl::FailedPreconditionError(absl::StrCat("not blank: ", disk.content.type));
    }
    if (absl::Status leave = Leave("format ", device); !leave.ok()) return leave;
    ++counts_.formats;
    disk.content = {mount::Content::kFileSystem, options.fs_type};
    disk.fs_bytes = disk.bytes;
    return absl::OkStatus();
  }

  absl::Status Check(const mount::Device& device, const std::string& fs_type,
                     absl::Time /*deadline*/) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Holds(device, fs_type); !status.ok()) return status;
    ++counts_.checks;
    return DiskOf(device.number).check;
  }

  absl::Status Grow(const mount::Device& device, const std::string& fs_type,
                    const std::string& mount_path, absl::Time /*deadline*/) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Mounted(device, fs_type, mount_path); !status.ok()) return status;
    Disk& disk = DiskOf(device.number);
    if (disk.fs_bytes >= disk.bytes) return absl::OkStatus();
    if (absl::Status leave = Leave("grow ", device); !leave.ok()) return leave;
    ++counts_.grows;
    disk.fs_bytes = disk.bytes;
    return absl::OkStatus();
  }

  absl::StatusOr<bool> NeedsGrowth(const mount::Device& device, const std::string& fs_type,
                                   const std::string& mount_path) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Mounted(device, fs_type, mount_path); !status.ok()) return status;
    return DiskOf(device.number).fs_bytes < DiskOf(device.number).bytes;
  }

  absl::Status SetReadOnly(const mount::Device& device, bool read_only) override {
    const absl::MutexLock lock(&mutex_);
    if (absl::Status status = Readable(device); !status.ok()) return status;
    if (read_only_.contains(device.number) == read_only) return absl::OkStatus();
    if (absl::Status leave = Leave(read_only ? "read-only " : "read-write ", device); !leave.ok()) {
      return leave;
    }
    if (read_only) {
      read_only_.insert(device.number);
    } else {
      read_only_.erase(device.number);
    }
    return absl::OkStatus();
  }

 private:
  struct Disk {
    std::int64_t bytes = std::int64_t{1} << 30;
    mount::ProbeResult content = {mount::Content::kBlank, ""};
    std::int64_t fs_bytes = 0;
    absl::Status read_error;
    absl::Status check;
  };

  class HoldOfOne final : public mount::DeviceHold {
   public:
    HoldOfOne(FakeFileSystems& of, base::DeviceNumber device) : of_(of), device_(device) {}
    ~HoldOfOne() override {
      const absl::MutexLock lock(&of_.mutex_);
      of_.holds_.erase(of_.holds_.find(device_));
    }

   private:
    FakeFileSystems& of_;
    const base::DeviceNumber device_;
  };

  struct Counts {
    int formats = 0;
    int checks = 0;
    int grows = 0;
  };

  int Count(int Counts::*count) const {
    const absl::MutexLock lock(&mutex_);
    return counts_.*count;
  }

  std::string MediumOf(base::DeviceNumber device) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto medium = media_.find(device);
    return medium == media_.end() ? base::Describe(device) : medium->second;
  }
  Disk& DiskOf(base::DeviceNumber device) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return disks_[MediumOf(device)];
  }

  absl::Status Found(const mount::Device& device) const {
    const auto number = mounter_.BlockDevice(device.path);
    if (number.ok() && *number == device.number) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(device.path, " is another device"));
  }

  absl::Status Readable(const mount::Device& device) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (absl::Status status = Found(device); !status.ok()) return status;
    return DiskOf(device.number).read_error;
  }

  absl::Status Holds(const mount::Device& device, const std::string& fs_type)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (absl::Status status = Readable(device); !status.ok()) return status;
    const mount::ProbeResult& content = DiskOf(device.number).content;
    if (content.content != mount::Content::kFileSystem || content.type != fs_type) {
      return absl::FailedPreconditionError(absl::StrCat(device.path, " holds ", content.type));
    }
    return absl::OkStatus();
  }

  absl::Status Mounted(const mount::Device& device, const std::string& fs_type,
                       const std::string& mount_path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (absl::Status status = Holds(device, fs_type); !status.ok()) return status;
    const auto at = mounter_.Table()->At(mount_path);
    if (at.empty() || at.back().device != device.number) {
      return absl::FailedPreconditionError(absl::StrCat(mount_path, " is another file system"));
    }
    return absl::OkStatus();
  }

  // The lock is given back while a test's hook runs.
  absl::Status Leave(const std::string& verb, const mount::Device& device)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    mutex_.Unlock();
    absl::Status leave = effects_.Do(absl::StrCat(verb, device.path));
    mutex_.Lock();
    return leave;
  }

  const FakeMounter& mounter_;
  Effects& effects_;

  mutable absl::Mutex mutex_;
  std::map<base::DeviceNumber, std::string> media_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Disk> disks_ ABSL_GUARDED_BY(mutex_);  // by medium
  std::set<base::DeviceNumber> read_only_ ABSL_GUARDED_BY(mutex_);
  std::multiset<base::DeviceNumber> holds_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
