// Leftovers: what a volume leaves behind when something was forgotten; and the broom for the end of
// a case that failed.
#pragma once

#include <string>
#include <vector>

namespace nvmeof::testing {

// Where the processes of a lab keep what belongs to volumes.
struct Places {
  std::string root;                  // mounts below it
  std::vector<std::string> folders;  // files in them, at any depth
};

// One line for each controller and subsystem of the kernel's NVMe host, subsystem, link and host of
// its target, mount below the root, and entry in the folders.
std::vector<std::string> FindLeftovers(const Places& places);

// Regular files in the folder, at any depth, sorted.
std::vector<std::string> FilesBelow(const std::string& folder);

// Takes the kernel target apart, ports included, as a reboot of the storage node does.
void ClearKernelTarget();

// Unmounts, disconnects, and clears the kernel target.
void SweepKernel(const Places& places);

}  // namespace nvmeof::testing
