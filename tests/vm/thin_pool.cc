#include "tests/vm/thin_pool.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "base/units.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

constexpr char kVolumeGroup[] = "nvmeoftest";
// Of the pool's metadata, the spare of it, and the volume group's own.
constexpr std::int64_t kMetadata = 16 * base::kMiB;

// A test without its pool is over.
void Must(const std::vector<std::string>& argv) {
  const absl::Status done = RunTool(argv);
  if (!done.ok()) throw std::runtime_error(done.ToString());
}

}  // namespace

ThinPool::ThinPool(std::int64_t bytes) : disk_(bytes + 3 * kMetadata) {
  Must({"modprobe", "dm-thin-pool"});
  Must({"vgcreate", "--yes", kVolumeGroup, disk_.device().path});
  Must({"lvcreate", "--yes", "--type", "thin-pool", "--size", absl::StrCat(bytes, "b"),
        "--poolmetadatasize", absl::StrCat(kMetadata, "b"), "--zero", "y", "--name", "thin",
        kVolumeGroup});
  Must({"lvchange", "--errorwhenfull", "y", absl::StrCat(kVolumeGroup, "/thin")});
}

ThinPool::~ThinPool() {
  const absl::Status removed = RunTool({"vgremove", "--yes", "--force", kVolumeGroup});
  if (!removed.ok()) std::cerr << removed << "\n";
}

std::string ThinPool::place() { return absl::StrCat("lvm:", kVolumeGroup, "/thin"); }

std::vector<std::string> ThinPool::Devices() {
  std::vector<std::string> devices;
  std::error_code absent;  // the folder goes with the last volume
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/dev/", kVolumeGroup), absent)) {
    const std::string name = entry.path().filename();
    if (name.rfind("nvmeof-", 0) == 0) devices.push_back(entry.path());
  }
  std::sort(devices.begin(), devices.end());
  return devices;
}

absl::Status ThinPool::Deactivate() {
  return RunTool({"vgchange", "--activate", "n", kVolumeGroup});
}

}  // namespace nvmeof::testing
