#include "bench/attach/bare_host.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

#include "base/errno_status.h"
#include "base/status_macros.h"

namespace nvmeof::bench {

absl::StatusOr<BareHost> BareHost::Open(std::string host_nqn, std::string host_id) {
  base::UniqueFd events(
      ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  // The kernel's interface takes the general address type.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto* const general = reinterpret_cast<const sockaddr*>(&address);
  if (!events.ok() || ::bind(events.get(), general, sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "uevent socket");
  }
  return BareHost(std::move(host_nqn), std::move(host_id), std::move(events));
}

absl::Status BareHost::Connect(const std::string& nqn, const volume::Path& path) {
  std::string options =
      absl::StrCat("transport=tcp,traddr=", path.portal.address, ",trsvcid=", path.portal.service,
                   ",nqn=", nqn, ",hostnqn=", host_nqn_, ",hostid=", host_id_,
                   ",nr_io_queues=8,ctrl_loss_tmo=1800,reconnect_delay=5,keep_alive_tmo=5");
  if (!path.host.address.empty()) absl::StrAppend(&options, ",host_traddr=", path.host.address);
  const base::UniqueFd fd(::open("/dev/nvme-fabrics", O_RDWR | O_CLOEXEC));
  if (!fd.ok() || ::write(fd.get(), options.data(), options.size()) < 0) {
    return base::ErrnoStatus(errno, "connect");
  }
  std::array<char, 128> reply{};
  const ssize_t size = ::read(fd.get(), reply.data(), reply.size());
  if (size < 0) return base::ErrnoStatus(errno, "reply of connect");
  // "instance=0,cntlid=1\n"
  absl::string_view text(reply.data(), static_cast<std::size_t>(size));
  absl::ConsumePrefix(&text, "instance=");
  controllers_.push_back(absl::StrCat("nvme", text.substr(0, text.find(','))));
  return absl::OkStatus();
}

void BareHost::DropEvents() {
  std::array<char, 8192> buffer{};
  // The socket's buffer may have overflowed: that is said once, and what was in it is still there.
  while (::recv(events_.get(), buffer.data(), buffer.size(), 0) > 0 || errno == ENOBUFS) {
  }
}

absl::StatusOr<std::string> BareHost::AwaitDisk() {
  std::array<char, 8192> buffer{};
  for (;;) {
    const ssize_t size = ::recv(events_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0) {
      const std::vector<absl::string_view> fields =
          absl::StrSplit(absl::string_view(buffer.data(), static_cast<std::size_t>(size)), '\0');
      bool disk = false;
      bool added = false;
      absl::string_view name;
      for (absl::string_view field : fields) {
        if (field == "ACTION=add") added = true;
        if (field == "DEVTYPE=disk") disk = true;
        if (absl::ConsumePrefix(&field, "DEVNAME=")) name = field;
      }
      if (added && disk && absl::StartsWith(name, "nvme")) return absl::StrCat("/dev/", name);
      continue;
    }
    pollfd wait{events_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 30000) != 1) return absl::DeadlineExceededError("no disk after 30 s");
  }
}

absl::StatusOr<std::string> BareHost::Attach(const std::string& nqn,
                                             const std::vector<volume::Path>& paths) {
  DropEvents();
  for (const volume::Path& path : paths) RETURN_IF_ERROR(Connect(nqn, path));
  return AwaitDisk();
}

absl::Status BareHost::Detach() {
  for (const std::string& controller : std::exchange(controllers_, {})) {
    const std::string file = absl::StrCat("/sys/class/nvme/", controller, "/delete_controller");
    const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.ok() || ::write(fd.get(), "1", 1) != 1) return base::ErrnoStatus(errno, file);
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::bench
