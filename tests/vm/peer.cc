#include "tests/vm/peer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

absl::Status SetAttribute(const std::string& controller, const std::string& name,
                          const std::string& value) {
  const std::string attribute = absl::StrCat("/sys/class/nvme/", controller, "/", name);
  const base::UniqueFd fd(::open(attribute.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.ok() && ::write(fd.get(), value.data(), value.size()) > 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, attribute);
}

}  // namespace

absl::StatusOr<std::string> ConnectByHand(const Host& host, const std::string& subsystem,
                                          const std::string& portal, const std::string& options) {
  const base::UniqueFd fd(::open("/dev/nvme-fabrics", O_RDWR | O_CLOEXEC));
  const std::string text =
      absl::StrCat("transport=tcp,trsvcid=4420,traddr=", portal, ",nqn=", subsystem,
                   ",hostnqn=", host.nqn, ",hostid=", host.id, options.empty() ? "" : ",", options);
  if (!fd.ok() || ::write(fd.get(), text.data(), text.size()) < 0) {
    return base::ErrnoStatus(errno, text);
  }
  std::array<char, 64> answer{};
  if (::read(fd.get(), answer.data(), answer.size() - 1) < 0) return base::ErrnoStatus(errno, "");
  return absl::StrCat("nvme", std::atoi(answer.data() + std::string("instance=").size()));
}

absl::Status ConnectByNvmeCli(const Host& host, const std::string& subsystem,
                              const std::string& portal) {
  return RunTool({"nvme", "connect", "--transport=tcp", "--trsvcid=4420",
                  absl::StrCat("--traddr=", portal), absl::StrCat("--nqn=", subsystem),
                  absl::StrCat("--hostnqn=", host.nqn), absl::StrCat("--hostid=", host.id)});
}

absl::Status DisconnectByHand(const std::string& controller) {
  absl::Status deleted = SetAttribute(controller, "delete_controller", "1");
  return absl::IsNotFound(deleted) ? absl::OkStatus() : deleted;
}

absl::Status LoseAtNextTry(const std::string& controller) {
  return SetAttribute(controller, "ctrl_loss_tmo", "1");
}

absl::Status LoadNvme(const std::string& parameters) {
  RETURN_IF_ERROR(RunTool({"modprobe", "-r", "nvmet-tcp", "nvmet", "nvme-tcp", "nvme-fabrics"}));
  RETURN_IF_ERROR(RunTool({"modprobe", "-r", "nvme-core"}));
  RETURN_IF_ERROR(RunTool({"modprobe", "nvme-core", parameters}));
  return RunTool({"modprobe", "-a", "nvme-tcp", "nvmet-tcp"});
}

}  // namespace nvmeof::testing
