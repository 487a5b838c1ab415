// FileSystems: what is on a block device, and the four things that we do to it: probe, format,
// check, grow.
//
// The rule that everything here serves: format only what is proven blank. "The probe failed" is an
// error and never "blank".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "mount/device.h"

namespace nvmeof::mount {

enum class Content {
  kBlank,       // libblkid finds nothing, and head, superblock offsets and tail read as zeros; or a
                // Format of ours that was cut short left its mark, and `type` says so
  kFileSystem,  // `type` is ext4, xfs, ...
  kForeign,     // a partition table, LVM, LUKS, swap, RAID or several signatures; `type` names it
  kUnknown,     // no signature, yet bytes that are not zero; `type` says where
};

struct ProbeResult {
  Content content = Content::kUnknown;
  std::string type;

  friend bool operator==(const ProbeResult&, const ProbeResult&) = default;
};

struct FormatOptions {
  std::string fs_type;  // "ext4" or "xfs"
};

// While it lives, the kernel gives the device's number and name to no other disk, even when the
// disk goes away. It hinders neither mounts nor formats.
class DeviceHold {
 public:
  virtual ~DeviceHold() = default;
};

// Seam. Safe to use from several threads on different devices. Blocks on the device; the caller
// runs it where that is allowed.
class FileSystems {
 public:
  virtual ~FileSystems() = default;

  // NotFound when there is no such node, Unavailable when the disk has no size: its last path is
  // gone.
  virtual absl::StatusOr<std::unique_ptr<DeviceHold>> Hold(const Device& device) = 0;

  // Reads only. A read error is an error.
  virtual absl::StatusOr<ProbeResult> Probe(const Device& device) = 0;

  // REQUIRES: Probe said kBlank. Probes once more itself; FailedPrecondition naming what it found
  // otherwise, OutOfRange when the device is too small for the file system. One that is cut short
  // (a crash, the deadline, an I/O error) is begun again by the next call.
  virtual absl::Status Format(const Device& device, const FormatOptions& options,
                              absl::Time deadline) = 0;

  // Makes an unmounted file system fit to mount for writing, spawning a checker only where the file
  // system itself says that one is needed. FailedPrecondition when only a person can decide (the
  // checker would drop data). Call it before every mount that may write.
  virtual absl::Status Check(const Device& device, const std::string& fs_type,
                             absl::Time deadline) = 0;

  // Grows the file system mounted at `mount_path` to its device, online; already that large is OK.
  // FailedPrecondition when it cannot grow while it is mounted (it is read-only or has errors).
  virtual absl::Status Grow(const Device& device, const std::string& fs_type,
                            const std::string& mount_path, absl::Time deadline) = 0;

  // True when the file system on the device is smaller than the device by more than its own
  // rounding.
  virtual absl::StatusOr<bool> NeedsGrowth(const Device& device, const std::string& fs_type,
                                           const std::string& mount_path) = 0;

  // Enforced by the kernel for every opener of the device (BLKROSET).
  virtual absl::Status SetReadOnly(const Device& device, bool read_only) = 0;
};

}  // namespace nvmeof::mount
