#include "nvme/netlink_uevents.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "nvme/uevent_message.h"

namespace nvmeof::nvme {

namespace {

// Room for the events of some hundred disks that come at once; the kernel takes memory for it only
// as events arrive.
constexpr int kReceiveBufferBytes = 1 << 20;
// The kernel's own limit is 2 KiB of variables behind the path.
constexpr std::size_t kMessageBytes = 8192;
constexpr unsigned kKernelGroup = 1;

// Any privileged program may send to the socket, too; the kernel's port is 0.
bool IsFromKernel(const sockaddr_nl& sender, socklen_t length) {
  return length < sizeof(sender) || sender.nl_pid == 0;
}

}  // namespace

absl::StatusOr<bool> UeventSocket::WaitUntil(absl::Time deadline) {
  while (true) {
    ASSIGN_OR_RETURN(const bool came, Drain());
    if (came) return true;
    const absl::Duration left = deadline - clock_.Now();
    if (left <= absl::ZeroDuration()) return false;
    // poll has no word for "for ever"; waking once an hour costs nothing.
    const timespec timeout = absl::ToTimespec(std::min(left, absl::Hours(1)));
    pollfd poll = {socket_.get(), POLLIN, 0};
    if (::ppoll(&poll, 1, &timeout, nullptr) < 0 && errno != EINTR) {
      return base::ErrnoStatus(errno, "wait for uevents");
    }
  }
}

// True when one of the queued messages matters; the queue is empty afterwards.
absl::StatusOr<bool> UeventSocket::Drain() {
  bool came = false;
  std::array<char, kMessageBytes> buffer;
  while (true) {
    sockaddr_nl sender = {};
    socklen_t length = sizeof(sender);
    const ssize_t size = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&sender), &length);
    if (size >= 0) {
      const absl::string_view message(buffer.data(), static_cast<std::size_t>(size));
      came = came || (IsFromKernel(sender, length) && ConcernsNvme(message));
    } else if (errno == ENOBUFS) {
      came = true;  // events were lost, and ours may have been among them
    } else if (errno == EAGAIN) {
      return came;
    } else if (errno != EINTR) {
      return base::ErrnoStatus(errno, "read uevents");
    }
  }
}

absl::StatusOr<std::unique_ptr<UeventSubscription>> NetlinkUevents::Subscribe() {
  base::UniqueFd socket(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (!socket.ok()) return base::ErrnoStatus(errno, "open a uevent socket");
  // Past the administrator's limit with the right privilege, else up to it; less room only makes
  // lost events likelier, which are no harm.
  const int size = kReceiveBufferBytes;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "subscribe to uevents");
  }
  return std::make_unique<UeventSocket>(std::move(socket), clock_);
}

}  // namespace nvmeof::nvme
