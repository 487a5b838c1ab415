#include "tests/vm/kernel.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadAttribute(const fs::path& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return std::string(absl::StripAsciiWhitespace(text));
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

std::vector<KernelPath> KernelPaths() {
  std::vector<KernelPath> paths;
  for (const fs::path& entry : Entries("/sys/class/nvme")) {
    if (ReadAttribute(entry / "transport") != "tcp") continue;
    std::map<std::string, std::string> address;
    const std::string text = ReadAttribute(entry / "address");
    for (absl::string_view pair : absl::StrSplit(text, ',')) {
      address.insert(absl::StrSplit(pair, absl::MaxSplits('=', 1)));
    }
    paths.push_back({entry.filename().string(), ReadAttribute(entry / "subsysnqn"),
                     ReadAttribute(entry / "state"), address["traddr"], address["host_traddr"]});
  }
  return paths;
}

std::vector<KernelPath> KernelPaths(const std::string& nqn) {
  std::vector<KernelPath> paths = KernelPaths();
  std::erase_if(paths, [&](const KernelPath& path) { return path.nqn != nqn; });
  return paths;
}

int CountLive(const std::string& nqn) {
  const std::vector<KernelPath> paths = KernelPaths(nqn);
  return static_cast<int>(std::count_if(
      paths.begin(), paths.end(), [](const KernelPath& path) { return path.state == "live"; }));
}

std::vector<std::string> DescribePaths(const std::string& nqn) {
  std::vector<std::string> lines;
  for (const KernelPath& path : KernelPaths(nqn)) {
    lines.push_back(absl::StrCat(path.address, " from ",
                                 path.host_address.empty() ? "anywhere" : path.host_address, ": ",
                                 path.state));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> KernelSubsystems() {
  std::vector<std::string> nqns;
  for (const fs::path& entry : Entries("/sys/class/nvme-subsystem")) {
    nqns.push_back(ReadAttribute(entry / "subsysnqn"));
  }
  return nqns;
}

absl::StatusOr<std::string> DiskOf(const std::string& nqn) {
  for (const fs::path& subsystem : Entries("/sys/class/nvme-subsystem")) {
    if (ReadAttribute(subsystem / "subsysnqn") != nqn) continue;
    for (const fs::path& entry : Entries(subsystem)) {
      // Paths carry no nsid of a disk, controllers neither.
      if (fs::exists(entry / "nsid") && fs::exists(entry / "dev") && fs::exists(entry / "queue")) {
        return absl::StrCat("/dev/", entry.filename().string());
      }
    }
  }
  return absl::NotFoundError(absl::StrCat("no disk of ", nqn));
}

std::uint64_t SizeOf(const std::string& device) {
  std::uint64_t sectors = 0;
  std::istringstream(
      ReadAttribute(fs::path("/sys/class/block") / fs::path(device).filename() / "size")) >>
      sectors;
  return sectors * 512;
}

void DeleteAllPaths() {
  for (const KernelPath& path : KernelPaths()) {
    std::ofstream(absl::StrCat("/sys/class/nvme/", path.name, "/delete_controller")) << "1";
  }
}

}  // namespace nvmeof::testing
