// SysfsTree: a sysfs that some kernel showed once (tests/nvme/capture-sysfs), unpacked in a
// temporary folder, where a test may change it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

#include "tests/fakes/temporary_directory.h"

namespace nvmeof::testing {

class SysfsTree {
 public:
  SysfsTree() = default;

  // `name` is that of a fixture: "<kernel>-<situation>".
  explicit SysfsTree(const std::string& name) {
    std::ifstream tree(std::string(NVMEOF_SOURCE_DIR "/tests/nvme/fixtures/") + name + ".tree");
    EXPECT_TRUE(tree.is_open()) << "no fixture " << name;
    for (std::string line; std::getline(tree, line);) {
      const std::size_t tab = line.find('\t');
      Add(line.substr(0, tab), line.substr(tab + 1));
    }
  }

  std::string sys() const { return folder_.path() + "/sys"; }
  std::string dev() const { return folder_.path() + "/dev"; }

  // A file with its content; "-> target" makes a symbolic link, a path that ends in "/" a folder.
  void Add(const std::string& path, absl::string_view content) {
    const std::filesystem::path place = folder_.path() + path;
    if (place.parent_path() != made_) std::filesystem::create_directories(place.parent_path());
    made_ = place.parent_path();
    if (absl::EndsWith(path, "/")) return;
    if (absl::ConsumePrefix(&content, "-> ")) {
      std::filesystem::create_symlink(std::string(content), place);
    } else {
      std::ofstream(place) << content << "\n";
    }
  }

  // With all that is below.
  void Remove(const std::string& path) {
    std::filesystem::remove_all(folder_.path() + path);
    made_.clear();
  }

  std::string Content(const std::string& path) const {
    std::ifstream file(folder_.path() + path);
    std::string content;
    std::getline(file, content);
    return content;
  }

 private:
  TemporaryDirectory folder_{TemporaryDirectory::InMemory()};
  std::filesystem::path made_;  // the folder of the last entry: most entries have it in common
};

}  // namespace nvmeof::testing
