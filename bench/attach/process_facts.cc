#include "bench/attach/process_facts.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

#include "base/file.h"

namespace nvmeof::bench {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

// Fields cutime and cstime of proc_pid_stat(5).
absl::Duration ChildrenTime(pid_t pid) {
  const std::string text = base::ReadFile(absl::StrCat("/proc/", pid, "/stat")).value_or("");
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 16; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return absl::Seconds(user + system) / ::sysconf(_SC_CLK_TCK);
}

}  // namespace

long ResidentKib(pid_t pid) {
  // statm and status are off by what each CPU has not yet added up.
  std::ifstream file(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  for (std::string word; file >> word;) {
    long kib = 0;
    if (word == "Rss:" && file >> kib) return kib;
  }
  return 0;
}

absl::Duration CpuTime(pid_t pid) {
  clockid_t clock = 0;
  if (::clock_getcpuclockid(pid, &clock) != 0) return absl::ZeroDuration();
  return Read(clock) + ChildrenTime(pid);
}

absl::Duration ThreadCpuTime() { return Read(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace nvmeof::bench
