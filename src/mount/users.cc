#include "mount/users.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "base/status_macros.h"

namespace nvmeof::mount {
namespace {

bool LiesIn(absl::string_view path, absl::string_view folder) {
  return absl::ConsumePrefix(&path, folder) &&
         (path.empty() || path.front() == '/' || folder == "/");
}

int MountIdOf(absl::string_view fdinfo) {
  for (absl::string_view line : absl::StrSplit(fdinfo, '\n')) {
    int id = 0;
    if (absl::ConsumePrefix(&line, "mnt_id:") && absl::SimpleAtoi(line, &id)) return id;
  }
  return 0;
}

bool IsCopyOf(const MountPoint& other, const MountPoint& mount) {
  return mount.peer_group != 0 && other.device == mount.device &&
         (other.peer_group == mount.peer_group || other.master_group == mount.peer_group);
}

// What a process of one mount namespace could hold.
struct Held {
  std::set<int> ids;
  std::vector<std::string> paths;

  void Add(const MountPoint& mount) {
    ids.insert(mount.id);
    paths.push_back(mount.path);
  }
  bool Has(const std::optional<std::string>& link) const {
    return link.has_value() &&
           absl::c_any_of(paths, [&](const std::string& path) { return LiesIn(*link, path); });
  }
};

bool Holds(const ProcessTable& processes, int pid, const Held& held) {
  for (const char* link : {"cwd", "root", "exe"}) {
    if (held.Has(processes.Link(pid, link))) return true;
  }
  return absl::c_any_of(processes.Names(pid, "fdinfo"), [&](const std::string& fd) {
    return held.ids.contains(
        MountIdOf(processes.Read(absl::StrCat(pid, "/fdinfo/", fd)).value_or("")));
  });
}

}  // namespace

absl::StatusOr<MountTable> Users::Table() const {
  ASSIGN_OR_RETURN(const std::string text, processes_.Read("self/mountinfo"));
  return MountTable::Parse(text);
}

absl::StatusOr<std::vector<DeviceUse>> Users::UsesBeyond(
    const Device& device, const std::vector<std::string>& paths) const {
  ASSIGN_OR_RETURN(const MountTable own, Table());
  ASSIGN_OR_RETURN(const std::vector<int> pids, processes_.Pids());
  std::vector<MountPoint> ending;
  for (const std::string& path : paths) absl::c_copy(own.At(path), std::back_inserter(ending));
  const auto beyond = [&ending](const MountTable& table) {
    std::vector<MountPoint> staying;
    absl::c_copy_if(table.all(), std::back_inserter(staying), [&](const MountPoint& other) {
      return absl::c_none_of(ending, [&](const MountPoint& mount) {
        return other == mount || IsCopyOf(other, mount);
      });
    });
    return MountTable(std::move(staying));
  };
  std::vector<DeviceUse> uses = UsesIn(beyond(own), device, {});
  std::set<std::string> seen;
  if (auto space = processes_.Link(pids.front(), "ns/mnt")) seen.insert(*std::move(space));
  for (const int pid : pids) {
    const std::optional<std::string> space = processes_.Link(pid, "ns/mnt");
    if (!space.has_value() || seen.contains(*space)) continue;
    // One that died between the two reads does not speak for its namespace.
    const absl::StatusOr<std::string> text = processes_.Read(absl::StrCat(pid, "/mountinfo"));
    if (!text.ok() || text->empty()) continue;
    seen.insert(*space);
    if (!MayUse(*text, device)) continue;
    ASSIGN_OR_RETURN(const MountTable table, MountTable::Parse(*text));
    absl::c_move(UsesIn(beyond(table), device, processes_.Named(pid)), std::back_inserter(uses));
  }
  // A kernel without swap has no such file.
  absl::c_move(SwapOn(processes_.Read("swaps").value_or(""), device), std::back_inserter(uses));
  return uses;
}

absl::StatusOr<std::vector<DeviceUse>> Users::OpenersOf(const Device& device) const {
  ASSIGN_OR_RETURN(const std::vector<int> pids, processes_.Pids());
  const std::string deleted = absl::StrCat(device.path, " (deleted)");
  std::vector<DeviceUse> uses;
  for (auto pid = std::next(pids.begin()); pid != pids.end(); ++pid) {
    for (const std::string& fd : processes_.Names(*pid, "fd")) {
      std::optional<std::string> link = processes_.Link(*pid, absl::StrCat("fd/", fd));
      if (link != device.path && link != deleted) continue;
      uses.push_back({DeviceUse::Kind::kOpen, *std::move(link), processes_.Named(*pid)});
      break;
    }
  }
  return uses;
}

std::vector<std::string> Users::HoldersOf(const std::string& path) const {
  const absl::StatusOr<MountTable> table = Table();
  const absl::StatusOr<std::vector<int>> pids = processes_.Pids();
  if (!table.ok() || !pids.ok() || table->At(path).empty()) return {};
  const MountPoint mount = table->At(path).back();

  std::vector<std::string> holders;
  for (const MountPoint& other : table->all()) {
    if (other.parent_id != mount.id || other.id == mount.id) continue;
    holders.push_back(absl::StrCat("the mount of ", other.source, " at ", other.path));
  }
  std::map<std::string, Held> spaces;
  for (const int pid : *pids) {
    const std::optional<std::string> space = processes_.Link(pid, "ns/mnt");
    if (!space.has_value()) continue;
    const auto [held, is_new] = spaces.try_emplace(*space);
    if (is_new && pid == pids->front()) held->second.Add(mount);
    if (is_new && pid != pids->front()) {
      const auto text = processes_.Read(absl::StrCat(pid, "/mountinfo"));
      const auto there = MountTable::Parse(text.value_or(""));
      if (!text.ok() || text->empty() || !there.ok()) {
        spaces.erase(held);
        continue;
      }
      for (const MountPoint& other : there->all()) {
        if (IsCopyOf(other, mount)) held->second.Add(other);
      }
    }
    if (!held->second.ids.empty() && Holds(processes_, pid, held->second)) {
      holders.push_back(Describe(processes_.Named(pid)));
    }
  }
  return holders;
}

}  // namespace nvmeof::mount
