#include "mount/device_use.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::mount {
namespace {

constexpr std::size_t kMostNamed = 5;

// "/nvme0n1": the node's name inside devtmpfs.
absl::string_view NodeName(const Device& device) {
  const std::size_t slash = device.path.rfind('/');
  return absl::string_view(device.path).substr(slash == std::string::npos ? 0 : slash);
}

// "nvme0n1p2" is a part of "nvme0n1", "nvme0n12" is not.
bool IsPartition(absl::string_view name, absl::string_view whole) {
  return absl::ConsumePrefix(&name, whole) && absl::ConsumePrefix(&name, "p") && !name.empty() &&
         std::all_of(name.begin(), name.end(), absl::ascii_isdigit);
}

bool IsDiskOrPartition(absl::string_view name, absl::string_view whole) {
  return name == whole || IsPartition(name, whole);
}

// By number. A partition has one of its own, and btrfs shows none of its disks: these are told by
// the source, which only those who may mount a disk can choose there.
bool IsFileSystemOf(const MountPoint& mount, const Device& device) {
  if (mount.device == device.number) return true;
  if (mount.fs_type == "btrfs") return IsDiskOrPartition(mount.source, device.path);
  return mount.device.major != 0 && IsPartition(mount.source, device.path);
}

bool IsNodeOf(const MountPoint& mount, const Device& device) {
  return mount.fs_type == "devtmpfs" && !mount.root_deleted &&
         IsDiskOrPartition(mount.root, NodeName(device));
}

absl::string_view Verb(DeviceUse::Kind kind) {
  switch (kind) {
    case DeviceUse::Kind::kMount:
      return "mounted at ";
    case DeviceUse::Kind::kPublishedBlock:
      return "published at ";
    case DeviceUse::Kind::kSwap:
      return "used as swap: ";
    case DeviceUse::Kind::kOpen:
      return "open as ";
  }
  return "";
}

}  // namespace

std::string Describe(const Process& process) {
  return absl::StrCat(process.program, " (pid ", process.pid, ")");
}

std::string Describe(const DeviceUse& use) {
  const std::string what = absl::StrCat(Verb(use.kind), use.path);
  if (use.process.pid == 0) return what;
  const absl::string_view whose =
      use.kind == DeviceUse::Kind::kOpen ? " by " : " in the mount namespace of ";
  return absl::StrCat(what, whose, Describe(use.process));
}

std::string DescribeFirst(const std::vector<std::string>& all) {
  const std::size_t named = std::min(all.size(), kMostNamed);
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(named);
  const std::string first = absl::StrJoin(all.begin(), end, ", ");
  return named == all.size() ? first : absl::StrCat(first, " and ", all.size() - named, " more");
}

std::string DescribeUses(const std::vector<DeviceUse>& all) {
  std::vector<std::string> words;
  words.reserve(all.size());
  for (const DeviceUse& use : all) words.push_back(Describe(use));
  return DescribeFirst(words);
}

std::vector<DeviceUse> UsesIn(const MountTable& table, const Device& device,
                              const Process& process) {
  std::vector<DeviceUse> uses;
  for (const MountPoint& mount : table.all()) {
    if (IsFileSystemOf(mount, device)) {
      uses.push_back({DeviceUse::Kind::kMount, mount.path, process});
    } else if (IsNodeOf(mount, device)) {
      uses.push_back({DeviceUse::Kind::kPublishedBlock, mount.path, process});
    }
  }
  return uses;
}

std::vector<DeviceUse> SwapOn(absl::string_view swaps, const Device& device) {
  std::vector<DeviceUse> uses;
  for (const absl::string_view line : absl::StrSplit(swaps, '\n', absl::SkipEmpty())) {
    const absl::string_view name = line.substr(0, line.find_first_of(" \t"));
    if (IsDiskOrPartition(name, device.path)) {
      uses.push_back({DeviceUse::Kind::kSwap, std::string(name), {}});
    }
  }
  return uses;
}

bool MayUse(absl::string_view mountinfo, const Device& device) {
  return absl::StrContains(mountinfo, absl::StrCat(" ", base::Describe(device.number), " ")) ||
         absl::StrContains(mountinfo, NodeName(device));
}

}  // namespace nvmeof::mount
