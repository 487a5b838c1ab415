#include "mount/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace nvmeof::mount {
namespace {

constexpr std::size_t kMostLines = 4;
constexpr int kWarning = 4;  // priorities: 3 error, 4 warning, 5 notice

bool Names(absl::string_view text, absl::string_view device) {
  for (std::size_t at = text.find(device); at != absl::string_view::npos;
       at = text.find(device, at + 1)) {
    const std::size_t end = at + device.size();
    const bool begins = at == 0 || !absl::ascii_isalnum(static_cast<unsigned char>(text[at - 1]));
    const bool ends =
        end == text.size() || !absl::ascii_isalnum(static_cast<unsigned char>(text[end]));
    if (begins && ends) return true;
  }
  return false;
}

// "4,1234,56789,-;XFS (nvme0n1): ..."; lines of another shape carry on a record and say nothing
// alone.
bool IsWarning(absl::string_view prefix) {
  const std::vector<absl::string_view> fields = absl::StrSplit(prefix, ',');
  int priority = 0;
  return fields.size() >= 3 && absl::SimpleAtoi(fields[0], &priority) && priority % 8 <= kWarning;
}

}  // namespace

KernelLog::KernelLog(const std::string& path)
    : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (fd_.ok() && ::lseek(fd_.get(), 0, SEEK_END) < 0) fd_.Reset();
}

std::string KernelLog::Since(absl::string_view device) {
  std::vector<std::string> lines;
  std::array<char, 8192> record{};  // the kernel's largest
  while (fd_.ok() && lines.size() < kMostLines && !device.empty()) {
    const ssize_t size = ::read(fd_.get(), record.data(), record.size());
    if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;  // EPIPE: some were overwritten
    if (size <= 0) break;
    for (const absl::string_view line :
         absl::StrSplit(absl::string_view(record.data(), static_cast<std::size_t>(size)), '\n')) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line, absl::MaxSplits(';', 1));
      if (lines.size() < kMostLines && IsWarning(parts.first) && Names(parts.second, device)) {
        lines.emplace_back(parts.second);
      }
    }
  }
  return absl::StrJoin(lines, "; ");
}

}  // namespace nvmeof::mount
