#include "mount/linux_file_systems.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/device_number.h"
#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "mount/blank_proof.h"
#include "mount/format_mark.h"
#include "mount/signature.h"

namespace nvmeof::mount {
namespace {

// A folder of the file system that is mounted from the device at the path.
absl::StatusOr<base::UniqueFd> OpenMount(const std::string& path, const Device& device) {
  base::UniqueFd mount(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat stat {};
  if (!mount.ok() || ::fstat(mount.get(), &stat) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  }
  const base::DeviceNumber number{gnu_dev_major(stat.st_dev), gnu_dev_minor(stat.st_dev)};
  if (number == device.number) return mount;
  return absl::FailedPreconditionError(absl::StrCat(path, " is a file system of ",
                                                    base::Describe(number), ", not of ",
                                                    base::Describe(device.number)));
}

absl::Status RequireRoom(const FsType& fs_type, const std::string& name,
                         const OpenedDevice& device) {
  if (device.size() >= fs_type.least_bytes()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(device.name(), " has ", device.size(), " bytes; ", name,
                                            " needs at least ", fs_type.least_bytes()));
}

class OpenHold final : public DeviceHold {
 public:
  explicit OpenHold(OpenedDevice device) : device_(std::move(device)) {}

 private:
  const OpenedDevice device_;
};

ProbeResult Blank() { return {Content::kBlank, ""}; }
ProbeResult CutShort() { return {Content::kBlank, "a format that was cut short"}; }

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceHold>> LinuxFileSystems::Hold(const Device& device) {
  ASSIGN_OR_RETURN(OpenedDevice opened, OpenedDevice::Open(device, check_));
  return std::make_unique<OpenHold>(std::move(opened));
}

absl::StatusOr<ProbeResult> LinuxFileSystems::Probe(const Device& device) {
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  return ProbeOpened(opened);
}

absl::Status LinuxFileSystems::Format(const Device& device, const FormatOptions& options,
                                      absl::Time deadline) {
  ASSIGN_OR_RETURN(const FsType* const fs_type, Find(options.fs_type));
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  RETURN_IF_ERROR(RequireRoom(*fs_type, options.fs_type, opened));
  ASSIGN_OR_RETURN(const ProbeResult before, ProbeOpened(opened));
  if (before.content != Content::kBlank) {
    return absl::FailedPreconditionError(
        absl::StrCat(device.path, " is not formatted: it holds ", before.type));
  }
  RETURN_IF_ERROR(WriteFormatMark(opened));
  if (before == CutShort()) RETURN_IF_ERROR(WipeFirstBlock(opened));
  RETURN_IF_ERROR(Make(*fs_type, opened, deadline));
  ASSIGN_OR_RETURN(const ProbeResult after, ProbeOpened(opened));
  if (after == ProbeResult{Content::kFileSystem, options.fs_type}) return EraseFormatMark(opened);
  return absl::InternalError(absl::StrCat(device.path, " holds no ", options.fs_type, " but ",
                                          after.type, " after it was formatted"));
}

absl::Status LinuxFileSystems::Check(const Device& device, const std::string& fs_type,
                                     absl::Time deadline) {
  ASSIGN_OR_RETURN(const FsType* const type, Find(fs_type));
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  // The format ended, but not the call that began it. From here on there may be data.
  ASSIGN_OR_RETURN(const bool marked, HasFormatMark(opened));
  if (marked) RETURN_IF_ERROR(EraseFormatMark(opened));
  return type->Check(opened, runner_, deadline);
}

absl::Status LinuxFileSystems::Grow(const Device& device, const std::string& fs_type,
                                    const std::string& mount_path, absl::Time /*deadline*/) {
  ASSIGN_OR_RETURN(const FsType* const type, Find(fs_type));
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  ASSIGN_OR_RETURN(const base::UniqueFd mount, OpenMount(mount_path, device));
  ASSIGN_OR_RETURN(const Extent before, type->Measure(opened, mount.get()));
  if (before.now >= before.possible) return absl::OkStatus();
  RETURN_IF_ERROR(base::Annotate(type->Grow(mount.get(), before.possible), mount_path));
  ASSIGN_OR_RETURN(const Extent after, type->Measure(opened, mount.get()));
  if (after.now >= after.possible) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(mount_path, " has ", after.now, " of ", after.possible,
                                          " blocks after it was grown"));
}

absl::StatusOr<bool> LinuxFileSystems::NeedsGrowth(const Device& device, const std::string& fs_type,
                                                   const std::string& mount_path) {
  ASSIGN_OR_RETURN(const FsType* const type, Find(fs_type));
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  ASSIGN_OR_RETURN(const base::UniqueFd mount, OpenMount(mount_path, device));
  ASSIGN_OR_RETURN(const Extent extent, type->Measure(opened, mount.get()));
  return extent.now < extent.possible;
}

absl::Status LinuxFileSystems::SetReadOnly(const Device& device, bool read_only) {
  ASSIGN_OR_RETURN(const OpenedDevice opened, OpenedDevice::Open(device, check_));
  const int wanted = read_only ? 1 : 0;
  int now = 0;
  if (::ioctl(opened.fd(), BLKROGET, &now) == 0 && now == wanted) return absl::OkStatus();
  if (::ioctl(opened.fd(), BLKROSET, &wanted) == 0) return absl::OkStatus();
  return base::ErrnoStatus(
      errno, absl::StrCat("make ", device.path, read_only ? " read-only" : " writable"));
}

absl::StatusOr<const FsType*> LinuxFileSystems::Find(const std::string& name) const {
  if (name == "ext4") return &ext4_;
  if (name == "xfs") return &xfs_;
  return absl::InvalidArgumentError(
      absl::StrCat("file system '", name, "' is not supported: ext4 or xfs"));
}

absl::StatusOr<ProbeResult> LinuxFileSystems::ProbeOpened(const OpenedDevice& device) const {
  ASSIGN_OR_RETURN(const std::optional<ProbeResult> signature, ReadSignature(device));
  if (signature.has_value()) {
    const absl::StatusOr<const FsType*> type = Find(signature->type);
    if (signature->content != Content::kFileSystem || !type.ok()) return *signature;
    ASSIGN_OR_RETURN(const bool unfinished, (*type)->IsUnfinished(device));
    if (!unfinished) return *signature;
    ASSIGN_OR_RETURN(const bool marked, HasFormatMark(device));
    return marked ? CutShort() : *signature;
  }
  ASSIGN_OR_RETURN(const std::optional<std::uint64_t> trace, FindNonZero(device));
  if (!trace.has_value()) return Blank();
  ASSIGN_OR_RETURN(const bool marked, HasFormatMark(device));
  if (marked) return CutShort();
  return ProbeResult{Content::kUnknown,
                     absl::StrCat("unknown data (a byte at ", *trace, " is not zero)")};
}

absl::Status LinuxFileSystems::Make(const FsType& fs_type, const OpenedDevice& device,
                                    absl::Time deadline) {
  const std::vector<std::string> command = fs_type.FormatCommand(device.ToolPath());
  ASSIGN_OR_RETURN(const base::CommandResult result, runner_.Run(command, deadline));
  if (result.exit_code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(command.front(), " of ", device.name(), " ended with ",
                                          result.exit_code, ": ", result.output));
}

}  // namespace nvmeof::mount
