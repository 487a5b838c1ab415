#include "bench/attach/fork_counter.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/errno_status.h"

namespace nvmeof::bench {
namespace {

// A connector message is a netlink header, a connector header and the payload.
constexpr std::size_t kHeaders = sizeof(nlmsghdr) + sizeof(cn_msg);

std::array<char, kHeaders + sizeof(proc_cn_mcast_op)> ListenMessage() {
  std::array<char, kHeaders + sizeof(proc_cn_mcast_op)> message{};
  nlmsghdr netlink{};
  netlink.nlmsg_len = message.size();
  netlink.nlmsg_type = NLMSG_DONE;
  const cb_id id = {CN_IDX_PROC, CN_VAL_PROC};
  const __u16 length = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op listen = PROC_CN_MCAST_LISTEN;
  std::memcpy(message.data(), &netlink, sizeof(netlink));
  std::memcpy(message.data() + sizeof(netlink) + offsetof(cn_msg, id), &id, sizeof(id));
  std::memcpy(message.data() + sizeof(netlink) + offsetof(cn_msg, len), &length, sizeof(length));
  std::memcpy(message.data() + kHeaders, &listen, sizeof(listen));
  return message;
}

}  // namespace

absl::StatusOr<ForkCounter> ForkCounter::Watch(pid_t parent) {
  base::UniqueFd socket(
      ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  // The kernel's interface takes the general address type.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto* const general = reinterpret_cast<const sockaddr*>(&address);
  if (!socket.ok() || ::bind(socket.get(), general, sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "process connector");
  }
  const int room = 1 << 22;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));

  const auto listen = ListenMessage();
  if (::send(socket.get(), listen.data(), listen.size(), 0) < 0) {
    return base::ErrnoStatus(errno, "listen to the process connector");
  }
  return ForkCounter(parent, std::move(socket));
}

int ForkCounter::Count() {
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while ((size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0)) > 0) {
    proc_event event{};
    if (size < static_cast<ssize_t>(kHeaders)) continue;
    std::memcpy(&event, buffer.data() + kHeaders,
                std::min(static_cast<std::size_t>(size) - kHeaders, sizeof(event)));
    if (event.what != proc_event::PROC_EVENT_FORK) continue;
    const auto& fork = event.event_data.fork;
    // A thread carries its process's id.
    if (fork.child_pid != fork.child_tgid) continue;
    if (std::find(family_.begin(), family_.end(), fork.parent_tgid) == family_.end()) continue;
    family_.push_back(fork.child_tgid);
    ++count_;
  }
  return count_;
}

}  // namespace nvmeof::bench
