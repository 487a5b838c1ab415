// LoopbackPortal and LoopbackServer: portals on this machine's loopback for tests of what talks to
// portals from user space.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "base/unique_fd.h"
#include "nvme/icreq.h"
#include "volume/path.h"

namespace nvmeof::testing {

// A port that listens. Nobody accepts: connections wait, silent, unless a LoopbackServer does.
class LoopbackPortal {
 public:
  explicit LoopbackPortal(int family = AF_INET, int backlog = 64) : family_(family) {
    socket_ = base::UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 six = {};
    six.sin6_family = AF_INET6;
    six.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    sockaddr_in four = {};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address =
        family == AF_INET6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four);
    socklen_t size = family == AF_INET6 ? sizeof(six) : sizeof(four);
    bound_ = ::bind(socket_.get(), address, size) == 0;
    ::getsockname(socket_.get(), address, &size);
    port_ = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
    if (bound_ && backlog >= 0) bound_ = ::listen(socket_.get(), backlog) == 0;
  }

  // Its port is taken, but refuses connections.
  static LoopbackPortal Refusing() { return LoopbackPortal(AF_INET, -1); }

  // False where the machine has no address of the family.
  bool exists() const { return bound_; }
  int fd() const { return socket_.get(); }
  std::uint16_t port() const { return port_; }

  volume::Path path(volume::HostSide host = {}) const {
    return {{"tcp", family_ == AF_INET6 ? "::1" : "127.0.0.1", absl::StrCat(port_)},
            std::move(host)};
  }

 private:
  int family_;
  base::UniqueFd socket_;
  bool bound_ = false;
  std::uint16_t port_ = 0;
};

// Accepts the portals' connections on a thread of its own, one after the other, lets `answer` talk
// and closes them. Borrows the portals.
class LoopbackServer {
 public:
  using Answer = std::function<void(int connection)>;

  LoopbackServer(std::vector<const LoopbackPortal*> portals, Answer answer)
      : portals_(std::move(portals)), answer_(std::move(answer)) {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    stop_ = base::UniqueFd(ends[0]);
    stopped_ = base::UniqueFd(ends[1]);
    thread_ = std::thread([this] { Run(); });
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer() {
    stop_.Reset();
    thread_.join();
  }

  // Until the peer hangs up, or `size` bytes have come.
  static std::string Receive(int connection, std::size_t size) {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t part = ::recv(connection, text.data() + done, size - done, 0);
      if (part <= 0) break;
      done += static_cast<std::size_t>(part);
    }
    text.resize(done);
    return text;
  }

  static void Send(int connection, const void* data, std::size_t size) {
    EXPECT_EQ(::send(connection, data, size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
  }

  static nvme::IcPdu IcResp() {
    nvme::IcPdu pdu = nvme::MakeIcReq();
    pdu[0] = 0x01;
    return pdu;
  }

  // An NVMe/TCP target, up to the point where the host has to name a subsystem.
  static void AnswerAsTarget(int connection) {
    const nvme::IcPdu request = nvme::MakeIcReq();
    EXPECT_EQ(Receive(connection, request.size()), std::string(request.begin(), request.end()));
    const nvme::IcPdu response = IcResp();
    Send(connection, response.data(), response.size());
    EXPECT_EQ(Receive(connection, 1), "");
  }

 private:
  void Run() {
    std::vector<pollfd> polls = {{stopped_.get(), POLLIN, 0}};
    for (const LoopbackPortal* portal : portals_) polls.push_back({portal->fd(), POLLIN, 0});
    while (::poll(polls.data(), polls.size(), -1) >= 0 && polls[0].revents == 0) {
      for (std::size_t i = 1; i < polls.size(); ++i) {
        if (polls[i].revents == 0) continue;
        const base::UniqueFd connection(::accept4(polls[i].fd, nullptr, nullptr, SOCK_CLOEXEC));
        const int on = 1;
        ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        answer_(connection.get());
      }
    }
  }

  const std::vector<const LoopbackPortal*> portals_;
  const Answer answer_;
  base::UniqueFd stop_;
  base::UniqueFd stopped_;
  std::thread thread_;
};

}  // namespace nvmeof::testing
