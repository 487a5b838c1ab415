#include "tests/vm/nvmet_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/unique_fd.h"
#include "tests/vm/network.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {

namespace fs = std::filesystem;

absl::Status SetNvmetAttribute(const fs::path& attribute, const std::string& value) {
  const base::UniqueFd fd(::open(attribute.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.ok() || ::write(fd.get(), value.data(), value.size()) < 0) {
    return base::ErrnoStatus(errno, absl::StrCat("write ", value, " to ", attribute.string()));
  }
  return absl::OkStatus();
}

absl::Status MakeNvmetFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directory(path, error);
  return error ? base::ErrnoStatus(error.value(), path.string()) : absl::OkStatus();
}

absl::Status LinkToPort(const std::string& nqn, const fs::path& port) {
  return RunTool({"nsenter", absl::StrCat("--net=/run/netns/", Network::kStorage), "ln", "-s",
                  fs::path(kNvmetRoot) / "subsystems" / nqn, port / "subsystems" / nqn});
}

}  // namespace nvmeof::testing
