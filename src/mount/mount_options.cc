#include "mount/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/status_macros.h"

namespace nvmeof::mount {
namespace {

struct Attribute {
  absl::string_view name;
  std::uint64_t clear;
  std::uint64_t set;
};

constexpr std::array kAttributes = {
    Attribute{"ro", 0, MOUNT_ATTR_RDONLY},
    Attribute{"rw", MOUNT_ATTR_RDONLY, 0},
    Attribute{"nosuid", 0, MOUNT_ATTR_NOSUID},
    Attribute{"suid", MOUNT_ATTR_NOSUID, 0},
    Attribute{"nodev", 0, MOUNT_ATTR_NODEV},
    Attribute{"dev", MOUNT_ATTR_NODEV, 0},
    Attribute{"noexec", 0, MOUNT_ATTR_NOEXEC},
    Attribute{"exec", MOUNT_ATTR_NOEXEC, 0},
    Attribute{"nodiratime", 0, MOUNT_ATTR_NODIRATIME},
    Attribute{"diratime", MOUNT_ATTR_NODIRATIME, 0},
    Attribute{"nosymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    Attribute{"symfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    Attribute{"noatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME},
    Attribute{"strictatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME},
    // The kernel's default is relatime.
    Attribute{"relatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME},
    Attribute{"atime", MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME},
    Attribute{"norelatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME},
    Attribute{"nostrictatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME},
};

constexpr std::array<absl::string_view, 7> kDropped = {"defaults", "auto",   "noauto", "nofail",
                                                       "_netdev",  "silent", "loud"};

constexpr std::array<absl::string_view, 12> kOperations = {
    "bind",  "rbind",  "move",    "remount",  "shared",     "rshared",
    "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"};

constexpr std::array<absl::string_view, 15> kForMountProgram = {
    "loop",  "offset", "sizelimit", "encryption", "helper",  "uhelper", "comment", "user",
    "users", "nouser", "nousers",   "owner",      "noowner", "group",   "nogroup"};

constexpr std::array<absl::string_view, 5> kOtherDevices = {"source", "logdev", "rtdev",
                                                            "journal_dev", "journal_path"};

absl::Status Refused(absl::string_view option, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("mount option '", option, "' ", why));
}

bool IsForMountProgram(absl::string_view key) {
  return absl::c_linear_search(kForMountProgram, key) || absl::StartsWithIgnoreCase(key, "x-") ||
         absl::StartsWith(key, "verity.");
}

absl::StatusOr<MountParameter> Split(const std::string& option) {
  if (option.empty()) return Refused(option, "is empty");
  if (absl::c_any_of(option, [](unsigned char c) { return absl::ascii_iscntrl(c); })) {
    return Refused(absl::string_view(option).substr(0, option.find('\0')),
                   "has a control character");
  }
  const std::size_t equals = option.find('=');
  MountParameter parameter{option.substr(0, equals), "", equals != std::string::npos};
  if (parameter.has_value) parameter.value = option.substr(equals + 1);
  std::string& value = parameter.value;
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  if (quoted) value = value.substr(1, value.size() - 2);
  if (absl::StrContains(parameter.key, ',') || absl::StrContains(value, '"') ||
      (!quoted && absl::StrContains(value, ','))) {
    return Refused(option, "holds a comma or a quote: give one option at a time");
  }
  return parameter;
}

absl::Status CheckKey(absl::string_view key) {
  if (key.empty()) return Refused(key, "has no name");
  if (absl::c_linear_search(kOperations, key)) return Refused(key, "is an operation of its own");
  if (IsForMountProgram(key)) return Refused(key, "means nothing to the kernel");
  if (absl::c_linear_search(kOtherDevices, key)) return Refused(key, "leads to another device");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MountOptions> ParseMountOptions(const std::vector<std::string>& options,
                                               Access access) {
  MountOptions parsed;
  for (const std::string& option : options) {
    ASSIGN_OR_RETURN(MountParameter parameter, Split(option));
    RETURN_IF_ERROR(CheckKey(parameter.key));
    if (absl::c_linear_search(kDropped, option)) continue;
    const auto* const attribute = absl::c_find_if(
        kAttributes, [&option](const Attribute& known) { return known.name == option; });
    if (attribute == kAttributes.end()) {
      parsed.parameters.push_back(std::move(parameter));
    } else {
      parsed.attributes = (parsed.attributes & ~attribute->clear) | attribute->set;
    }
  }
  if (access == Access::kReadOnly) parsed.attributes |= MOUNT_ATTR_RDONLY;
  // A read-only mount of a writable file system would still let the file system write.
  if ((parsed.attributes & MOUNT_ATTR_RDONLY) != 0) parsed.parameters.push_back({"ro", "", false});
  return parsed;
}

}  // namespace nvmeof::mount
