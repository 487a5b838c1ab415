#include "tests/vm/kernel.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "base/file.h"

namespace nvmeof::testing {
namespace {

namespace fs = std::filesystem;

// Empty when the kernel takes the object away meanwhile.
std::string ReadAttribute(const fs::path& path) {
  return std::string(absl::StripAsciiWhitespace(base::ReadFile(path).value_or("")));
}

// Of NVMe over Fabrics.
std::vector<fs::path> Controllers() {
  std::vector<fs::path> controllers = EntriesOf("/sys/class/nvme");
  std::erase_if(controllers, [](const fs::path& entry) {
    const std::string transport = ReadAttribute(entry / "transport");
    return transport != "tcp" && transport != "rdma" && transport != "fc";
  });
  return controllers;
}

// Whoever only counts does not read `address`: src/nvme/controller_paths.h.
KernelPath PathOf(const fs::path& controller) {
  std::map<std::string, std::string> address;
  const std::string text = ReadAttribute(controller / "address");
  for (absl::string_view pair : absl::StrSplit(text, ',')) {
    address.insert(absl::StrSplit(pair, absl::MaxSplits('=', 1)));
  }
  return {controller.filename().string(), ReadAttribute(controller / "subsysnqn"),
          ReadAttribute(controller / "state"), address["traddr"], address["host_traddr"]};
}

}  // namespace

std::vector<fs::path> EntriesOf(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const std::string& name : base::ListDirectory(folder).value_or(std::vector<std::string>())) {
    entries.push_back(folder / name);
  }
  return entries;
}

std::vector<KernelPath> KernelPaths() {
  std::vector<KernelPath> paths;
  for (const fs::path& entry : Controllers()) paths.push_back(PathOf(entry));
  return paths;
}

std::vector<KernelPath> KernelPaths(const std::string& nqn) {
  std::vector<KernelPath> paths;
  for (const fs::path& entry : Controllers()) {
    if (ReadAttribute(entry / "subsysnqn") == nqn) paths.push_back(PathOf(entry));
  }
  return paths;
}

int CountLive(const std::string& nqn) {
  const std::vector<fs::path> controllers = Controllers();
  return static_cast<int>(
      std::count_if(controllers.begin(), controllers.end(), [&](const fs::path& entry) {
        return ReadAttribute(entry / "subsysnqn") == nqn &&
               ReadAttribute(entry / "state") == "live";
      }));
}

std::uint64_t WritesOf(const KernelPath& path) {
  std::uint64_t writes = 0;
  for (const fs::path& entry : EntriesOf(fs::path("/sys/class/nvme") / path.name)) {
    // Documentation/block/stat.rst of the kernel: reads are four numbers, then come the writes.
    std::istringstream stat(ReadAttribute(entry / "stat"));
    std::uint64_t number = 0;
    for (int i = 0; i < 5 && stat >> number; ++i) {
      if (i == 4) writes += number;
    }
  }
  return writes;
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
  for (const fs::path& entry : EntriesOf("/sys/class/nvme-subsystem")) {
    nqns.push_back(ReadAttribute(entry / "subsysnqn"));
  }
  return nqns;
}

absl::StatusOr<std::string> DiskOf(const std::string& nqn) {
  for (const fs::path& subsystem : EntriesOf("/sys/class/nvme-subsystem")) {
    if (ReadAttribute(subsystem / "subsysnqn") != nqn) continue;
    for (const fs::path& entry : EntriesOf(subsystem)) {
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
  for (const fs::path& entry : Controllers()) {
    std::ofstream(entry / "delete_controller") << "1";
  }
}

}  // namespace nvmeof::testing
