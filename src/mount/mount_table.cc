#include "mount/mount_table.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::mount {
namespace {

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes blank, tab, line feed and backslash of a name as \ooo. A backslash that begins
// nothing of the kind stands for itself.
std::string Unescaped(absl::string_view field) {
  std::string text;
  text.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool escape = field[i] == '\\' && i + 3 < field.size() && IsOctal(field[i + 1]) &&
                        IsOctal(field[i + 2]) && IsOctal(field[i + 3]);
    if (!escape) {
      text.push_back(field[i]);
      continue;
    }
    const int code = (field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0');
    text.push_back(static_cast<char>(code));
    i += 3;
  }
  return text;
}

bool ParseDevice(absl::string_view text, base::DeviceNumber& number) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, ':');
  return absl::SimpleAtoi(parts.first, &number.major) &&
         absl::SimpleAtoi(parts.second, &number.minor);
}

// Takes the next blank-separated field off the line; empty at its end.
absl::string_view TakeField(absl::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const absl::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

std::vector<std::string> Options(absl::string_view field) {
  if (field.empty()) return {};
  return absl::StrSplit(Unescaped(field), ',');
}

void TakeGroup(absl::string_view field, absl::string_view name, int& group) {
  int number = 0;
  if (absl::ConsumePrefix(&field, name) && absl::SimpleAtoi(field, &number)) group = number;
}

// id parent major:minor root path options [optional...] - type source super_options
std::optional<MountPoint> ParseLine(absl::string_view line) {
  MountPoint mount;
  if (!absl::SimpleAtoi(TakeField(line), &mount.id) ||
      !absl::SimpleAtoi(TakeField(line), &mount.parent_id) ||
      !ParseDevice(TakeField(line), mount.device)) {
    return std::nullopt;
  }
  absl::string_view root = TakeField(line);
  // No name holds "//", so the suffix is always the kernel's.
  mount.root_deleted = absl::ConsumeSuffix(&root, "//deleted");
  mount.root = Unescaped(root);
  mount.path = Unescaped(TakeField(line));
  mount.options = Options(TakeField(line));
  mount.read_only = absl::c_linear_search(mount.options, "ro");
  absl::string_view optional = TakeField(line);
  for (; !optional.empty() && optional != "-"; optional = TakeField(line)) {
    TakeGroup(optional, "shared:", mount.peer_group);
    TakeGroup(optional, "master:", mount.master_group);
  }
  mount.fs_type = Unescaped(TakeField(line));
  // A file system without a source shows an empty field: "- tmpfs  rw".
  mount.source = Unescaped(TakeField(line));
  mount.super_options = Options(TakeField(line));
  if (optional != "-" || mount.path.empty() || mount.fs_type.empty()) return std::nullopt;
  return mount;
}

bool IsParentFolder(absl::string_view folder, absl::string_view path) {
  return folder.size() < path.size() && absl::StartsWith(path, folder) &&
         (folder == "/" || path[folder.size()] == '/');
}

}  // namespace

absl::StatusOr<MountTable> MountTable::Parse(absl::string_view mountinfo) {
  std::vector<MountPoint> mounts;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    std::optional<MountPoint> mount = ParseLine(line);
    if (!mount.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("not a line of mountinfo: ", line));
    }
    mounts.push_back(*std::move(mount));
  }
  return MountTable(std::move(mounts));
}

std::vector<MountPoint> MountTable::At(absl::string_view path) const {
  std::vector<MountPoint> rest;
  std::copy_if(mounts_.begin(), mounts_.end(), std::back_inserter(rest),
               [&](const MountPoint& mount) { return mount.path == path && !IsHidden(mount); });
  // The order of lines is not the order of stacking on every kernel; the parents tell it.
  std::vector<MountPoint> stack;
  while (!rest.empty()) {
    const auto lowest = std::find_if(rest.begin(), rest.end(), [&rest](const MountPoint& mount) {
      return std::none_of(rest.begin(), rest.end(), [&mount](const MountPoint& other) {
        return other.id == mount.parent_id && other.id != mount.id;
      });
    });
    const auto next = lowest == rest.end() ? rest.begin() : lowest;
    stack.push_back(std::move(*next));
    rest.erase(next);
  }
  return stack;
}

// A look-up goes down from mount to mount. It misses this one when it, or one that it stands on,
// has a sibling on a folder above. The steps are counted because the root may be its own parent,
// and a table that was read while mounts moved may hold a circle.
bool MountTable::IsHidden(const MountPoint& mount) const {
  const MountPoint* at = &mount;
  for (std::size_t steps = 0; steps < mounts_.size(); ++steps) {
    const bool hidden = absl::c_any_of(mounts_, [at](const MountPoint& other) {
      return other.parent_id == at->parent_id && other.id != at->id &&
             IsParentFolder(other.path, at->path);
    });
    if (hidden) return true;
    const auto parent = absl::c_find_if(
        mounts_, [at](const MountPoint& other) { return other.id == at->parent_id; });
    if (parent == mounts_.end()) return false;
    at = &*parent;
  }
  return false;
}

std::vector<MountPoint> MountTable::Of(base::DeviceNumber device) const {
  std::vector<MountPoint> found;
  std::copy_if(mounts_.begin(), mounts_.end(), std::back_inserter(found),
               [device](const MountPoint& mount) { return mount.device == device; });
  return found;
}

}  // namespace nvmeof::mount
