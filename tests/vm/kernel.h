// What the kernel's NVMe host shows, read by the suites themselves: the driver's own reader is what
// they test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace nvmeof::testing {

// Sorted; none when the folder is absent or vanishes meanwhile.
std::vector<std::filesystem::path> EntriesOf(const std::filesystem::path& folder);

struct KernelPath {
  std::string name;  // "nvme3"
  std::string nqn;
  std::string state;         // "live"
  std::string address;       // of the portal
  std::string host_address;  // as asked for; empty if it was not

  friend bool operator==(const KernelPath&, const KernelPath&) = default;
};

// All controllers over a fabric, or those of one subsystem. Entries that vanish meanwhile are left
// out.
std::vector<KernelPath> KernelPaths();
std::vector<KernelPath> KernelPaths(const std::string& nqn);
int CountLive(const std::string& nqn);

// How many writes to the subsystem's only disk went over this path.
std::uint64_t WritesOf(const KernelPath& path);

// "10.77.0.1 from 10.77.0.2: live", sorted: for people.
std::vector<std::string> DescribePaths(const std::string& nqn);

// NQNs of all subsystems, those without a controller included.
std::vector<std::string> KernelSubsystems();

// "/dev/nvme0n1" of the subsystem's only disk; NotFound when it has none.
absl::StatusOr<std::string> DiskOf(const std::string& nqn);
std::uint64_t SizeOf(const std::string& device);

// Deletes every controller over a fabric, whatever uses it: for the end of a case that failed.
void DeleteAllPaths();

}  // namespace nvmeof::testing
