#include "tests/vm/leftovers.h"

#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "mount/linux_mounter.h"
#include "tests/vm/kernel.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kNvmet[] = "/sys/kernel/config/nvmet";

std::vector<std::string> MountsBelow(const std::string& root) {
  std::vector<std::string> paths;
  const auto table = mount::LinuxMounter().Table();
  if (!table.ok()) return {table.status().ToString()};
  for (const mount::MountPoint& mount : table->all()) {
    if (absl::StartsWith(mount.path, root + "/")) paths.push_back(mount.path);
  }
  return paths;
}

// "PARENT/*/FOLDER/*", as entries.
std::vector<fs::path> Grandchildren(const fs::path& parent, const std::string& folder) {
  std::vector<fs::path> entries;
  for (const fs::path& child : EntriesOf(parent)) {
    for (const fs::path& entry : EntriesOf(child / folder)) entries.push_back(entry);
  }
  return entries;
}

void Remove(const std::vector<fs::path>& entries) {
  std::error_code ignored;
  for (const fs::path& entry : entries) fs::remove(entry, ignored);
}

}  // namespace

std::vector<std::string> FindLeftovers(const Places& places) {
  std::vector<std::string> found;
  for (const KernelPath& path : KernelPaths()) {
    found.push_back(absl::StrCat("controller ", path.name, " of ", path.nqn));
  }
  for (const std::string& nqn : KernelSubsystems()) {
    found.push_back(absl::StrCat("subsystem ", nqn));
  }
  const fs::path nvmet = kNvmet;
  for (const fs::path& entry : EntriesOf(nvmet / "subsystems")) {
    found.push_back(absl::StrCat("export ", entry.string()));
  }
  for (const fs::path& entry : EntriesOf(nvmet / "hosts")) {
    found.push_back(absl::StrCat("export ", entry.string()));
  }
  for (const fs::path& entry : Grandchildren(nvmet / "ports", "subsystems")) {
    found.push_back(absl::StrCat("export ", entry.string()));
  }
  for (const std::string& path : MountsBelow(places.root)) {
    found.push_back(absl::StrCat("mount ", path));
  }
  for (const std::string& folder : places.folders) {
    for (const std::string& file : FilesBelow(folder)) {
      // An agent's own, whatever volumes there are.
      if (fs::path(file).filename() == ".ballast") continue;
      found.push_back(absl::StrCat("file ", file));
    }
  }
  return found;
}

std::vector<std::string> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  // Files come and go meanwhile.
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_directory(error)) files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void ClearKernelTarget() {
  const fs::path nvmet = kNvmet;
  Remove(Grandchildren(nvmet / "ports", "subsystems"));
  Remove(Grandchildren(nvmet / "subsystems", "namespaces"));
  Remove(Grandchildren(nvmet / "subsystems", "allowed_hosts"));
  Remove(EntriesOf(nvmet / "subsystems"));
  Remove(EntriesOf(nvmet / "hosts"));
  for (const fs::path& group : Grandchildren(nvmet / "ports", "ana_groups")) {
    // Group 1 belongs to its port.
    if (group.filename() != "1") Remove({group});
  }
  Remove(EntriesOf(nvmet / "ports"));
}

void SweepKernel(const Places& places) {
  std::vector<std::string> mounts = MountsBelow(places.root);
  std::reverse(mounts.begin(), mounts.end());
  for (const std::string& path : mounts) ::umount2(path.c_str(), MNT_DETACH);
  DeleteAllPaths();
  ClearKernelTarget();
}

}  // namespace nvmeof::testing
