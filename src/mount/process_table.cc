#include "mount/process_table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace nvmeof::mount {
namespace {

// Far above what thousands of mounts need.
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t length = ::readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return base::ErrnoStatus(errno, absl::StrCat("read the link ", path));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace

absl::StatusOr<std::vector<int>> ProcessTable::Pids() const {
  ASSIGN_OR_RETURN(const std::string own, ReadLink(absl::StrCat(root_, "/self")));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, base::ListDirectory(root_));
  std::vector<int> pids;
  for (const std::string& name : names) {
    int pid = 0;
    if (name != own && absl::SimpleAtoi(name, &pid)) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  int self = 0;
  if (!absl::SimpleAtoi(own, &self)) {
    return absl::NotFoundError(absl::StrCat(root_, " does not show this process"));
  }
  pids.insert(pids.begin(), self);
  return pids;
}

absl::StatusOr<std::string> ProcessTable::Read(const std::string& name) const {
  return base::ReadFile(absl::StrCat(root_, "/", name), kMostBytes);
}

std::optional<std::string> ProcessTable::Link(int pid, const std::string& name) const {
  absl::StatusOr<std::string> text = ReadLink(PathOf(pid, name));
  if (!text.ok()) return std::nullopt;
  return *std::move(text);
}

std::vector<std::string> ProcessTable::Names(int pid, const std::string& folder) const {
  return base::ListDirectory(PathOf(pid, folder)).value_or(std::vector<std::string>());
}

Process ProcessTable::Named(int pid) const {
  const std::string program = Read(absl::StrCat(pid, "/comm")).value_or("?");
  return {pid, std::string(absl::StripTrailingAsciiWhitespace(program))};
}

std::string ProcessTable::PathOf(int pid, const std::string& name) const {
  return absl::StrCat(root_, "/", pid, "/", name);
}

}  // namespace nvmeof::mount
