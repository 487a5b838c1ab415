#include "csi/capability.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "base/status_macros.h"

namespace nvmeof::csi {
namespace {

using volume::AccessMode;
using WireMode = ::csi::v1::VolumeCapability::AccessMode;

// chown(2) reads this group as "leave it as it is".
constexpr std::uint32_t kNoGroup = 0xFFFFFFFF;

absl::StatusOr<AccessMode> ParseMode(WireMode::Mode mode) {
  static_assert(static_cast<int>(AccessMode::kSingleNodeMultiWriter) ==
                WireMode::SINGLE_NODE_MULTI_WRITER);
  if (WireMode::Mode_IsValid(mode)) return static_cast<AccessMode>(mode);
  return absl::InvalidArgumentError(
      absl::StrCat("access mode ", static_cast<int>(mode), " is not known"));
}

absl::StatusOr<std::string> ParseFileSystem(const std::string& fs_type) {
  if (fs_type.empty()) return std::string("ext4");
  if (fs_type == "ext4" || fs_type == "xfs") return fs_type;
  return absl::InvalidArgumentError(
      absl::StrCat("fs_type '", fs_type, "' is not supported; allowed are ext4 and xfs"));
}

// Options that make a mount something else than this volume's device at this path, or that bring
// in another device.
bool LeadsElsewhere(absl::string_view name) {
  static constexpr std::array<absl::string_view, 16> kNames = {
      "bind",       "rbind",        "move",   "remount", "loop",  "offset",
      "sizelimit",  "private",      "shared", "rshared", "slave", "rprivate",
      "unbindable", "journal_path", "logdev", "rtdev"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool HasListComma(absl::string_view flag) {
  bool quoted = false;
  for (const char c : flag) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) return true;
  }
  return false;
}

// The message does not repeat the flag's value: the specification lets flags be sensitive.
absl::Status CheckMountFlag(absl::string_view flag) {
  const absl::string_view name = *absl::StrSplit(flag, absl::MaxSplits('=', 1)).begin();
  const bool printable = std::all_of(flag.begin(), flag.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (name.empty() || !printable || HasListComma(flag)) {
    return absl::InvalidArgumentError(
        "mount_flags: each must be one option of printable characters without blanks");
  }
  if (LeadsElsewhere(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("mount_flags: '", name, "' is not allowed for a volume"));
  }
  return absl::OkStatus();
}

absl::Status CheckMountGroup(const std::string& group) {
  std::uint32_t gid = 0;
  const bool digits = std::all_of(group.begin(), group.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (group.empty() || (digits && absl::SimpleAtoi(group, &gid) && gid != kNoGroup)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("volume_mount_group '", group, "' is not a decimal group id"));
}

absl::Status CheckSharing(const volume::VolumeCapability& capability) {
  if (capability.block || !IsMultiNode(capability.mode) || IsReadOnly(capability.mode)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "a file system cannot be written from several nodes; use raw block, or "
      "MULTI_NODE_READER_ONLY");
}

absl::Status ParseMount(const ::csi::v1::VolumeCapability::MountVolume& mount,
                        volume::VolumeCapability& capability) {
  ASSIGN_OR_RETURN(capability.fs_type, ParseFileSystem(mount.fs_type()));
  for (const std::string& flag : mount.mount_flags()) RETURN_IF_ERROR(CheckMountFlag(flag));
  capability.mount_flags.assign(mount.mount_flags().begin(), mount.mount_flags().end());
  RETURN_IF_ERROR(CheckMountGroup(mount.volume_mount_group()));
  capability.mount_group = mount.volume_mount_group();
  return absl::OkStatus();
}

}  // namespace

absl::Status RequireCapability(const ::csi::v1::VolumeCapability& capability) {
  if (!capability.has_block() && !capability.has_mount()) {
    return absl::InvalidArgumentError("volume_capability needs an access type: block or mount");
  }
  if (capability.access_mode().mode() == WireMode::UNKNOWN) {
    return absl::InvalidArgumentError("volume_capability needs an access mode");
  }
  return absl::OkStatus();
}

absl::StatusOr<volume::VolumeCapability> ParseCapability(
    const ::csi::v1::VolumeCapability& capability) {
  volume::VolumeCapability parsed;
  ASSIGN_OR_RETURN(parsed.mode, ParseMode(capability.access_mode().mode()));
  parsed.block = capability.has_block();
  if (capability.has_mount()) RETURN_IF_ERROR(ParseMount(capability.mount(), parsed));
  RETURN_IF_ERROR(CheckSharing(parsed));
  return parsed;
}

std::string Fingerprint(const volume::VolumeCapability& capability) {
  // Neither flags nor group hold blanks, so the text can be read in one way only.
  const std::string mode = absl::StrCat("mode=", static_cast<int>(capability.mode));
  if (capability.block) return absl::StrCat("block ", mode);
  return absl::StrCat("mount ", mode, " fs=", capability.fs_type, " group=", capability.mount_group,
                      " flags=", absl::StrJoin(capability.mount_flags, " "));
}

}  // namespace nvmeof::csi
