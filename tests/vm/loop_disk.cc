#include "tests/vm/loop_disk.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/command.h"
#include "mount/linux_mounter.h"

namespace nvmeof::testing {
namespace {

// A test without its disk is over.
std::string Output(const std::vector<std::string>& argv) {
  const base::MonotonicClock clock;
  const absl::StatusOr<base::CommandResult> result =
      base::PosixCommandRunner(clock).Run(argv, clock.Now() + absl::Seconds(30));
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  if (result->exit_code != 0) throw std::runtime_error(result->output);
  return std::string(absl::StripAsciiWhitespace(result->output));
}

std::string NewFile() {
  const char* const folder = std::getenv("NVMEOF_DISK");
  return Output({"mktemp", absl::StrCat(folder == nullptr ? "/tmp" : folder, "/loop-XXXXXX")});
}

}  // namespace

LoopDisk::LoopDisk(std::int64_t size) : file_(NewFile()) {
  std::filesystem::resize_file(file_, static_cast<std::uintmax_t>(size));
  Attach();
}

LoopDisk::LoopDisk(const LoopDisk* original) : file_(NewFile()) {
  Output({"cp", "--sparse=always", original->file_, file_});
  Attach();
}

LoopDisk::~LoopDisk() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  if (std::system(absl::StrCat("losetup --detach ", device_.path).c_str()) != 0) std::abort();
}

void LoopDisk::Grow(std::int64_t size) {
  std::filesystem::resize_file(file_, static_cast<std::uintmax_t>(size));
  Output({"losetup", "--set-capacity", device_.path});
}

void LoopDisk::Attach() {
  if (!std::filesystem::exists("/dev/loop-control")) Output({"modprobe", "loop"});
  device_.path = Output({"losetup", "--find", "--show", file_});
  device_.number = mount::LinuxMounter().BlockDevice(device_.path).value().value();
}

}  // namespace nvmeof::testing
