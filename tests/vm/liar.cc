#include "tests/vm/liar.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "tests/vm/network.h"

namespace nvmeof::testing {
namespace {

constexpr std::size_t kIcSize = 128;  // of ICReq and ICResp, NVMe/TCP transport 1.0, 3.6.2

// A socket belongs to the network namespace that its maker's thread is in.
void ListenInStorage(int port, base::UniqueFd& listener, absl::Status& status) {
  const std::string name = absl::StrCat("/run/netns/", Network::kStorage);
  const base::UniqueFd network(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network.ok() || ::setns(network.get(), CLONE_NEWNET) != 0) {
    status = base::ErrnoStatus(errno, absl::StrCat("enter ", name));
    return;
  }
  listener = base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  // The kernel's interface takes the general address type.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto* const general = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(listener.get(), general, sizeof(address)) != 0 || ::listen(listener.get(), 64) != 0) {
    status = base::ErrnoStatus(errno, absl::StrCat("listen on port ", port));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Liar>> Liar::Start(int port, Lie lie) {
  base::UniqueFd listener;
  absl::Status status;
  std::thread([&] { ListenInStorage(port, listener, status); }).join();
  if (!status.ok()) return status;
  base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  return std::unique_ptr<Liar>(new Liar(std::move(listener), std::move(stop), lie));
}

Liar::Liar(base::UniqueFd listener, base::UniqueFd stop, Lie lie)
    : listener_(std::move(listener)),
      stop_(std::move(stop)),
      lie_(lie),
      thread_([this] { Loop(); }) {}

Liar::~Liar() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void Liar::Loop() const {
  std::vector<base::UniqueFd> open;
  while (true) {
    std::vector<pollfd> wait = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const base::UniqueFd& connection : open) wait.push_back({connection.get(), POLLIN, 0});
    if (::poll(wait.data(), wait.size(), -1) < 0 || wait[0].revents != 0) return;
    std::vector<base::UniqueFd> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
      std::array<char, 4096> ignored{};
      const bool said = wait[i + 2].revents != 0;
      const ssize_t got =
          said ? ::recv(open[i].get(), ignored.data(), ignored.size(), MSG_DONTWAIT) : 1;
      if (got <= 0) continue;
      // An ICReq; what comes after it is longer or shorter, and unanswered.
      if (said && got == static_cast<ssize_t>(kIcSize)) Answer(open[i].get());
      still_open.push_back(std::move(open[i]));
    }
    open = std::move(still_open);
    if (wait[1].revents == 0) continue;
    open.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

void Liar::Answer(int connection) const {
  std::array<unsigned char, kIcSize> resp{};
  resp[0] = 0x01;     // PDU type ICResp
  resp[2] = kIcSize;  // header length
  resp[4] = kIcSize;  // PDU length, 4 bytes little endian
  resp[14] = 0x04;    // MAXH2CDATA 0x40000, 4 bytes at 12
  const std::string http = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
  if (lie_ == Lie::kSilentAfterIcResp) {
    ::send(connection, resp.data(), resp.size(), MSG_NOSIGNAL);
  }
  if (lie_ == Lie::kHttp) ::send(connection, http.data(), http.size(), MSG_NOSIGNAL);
}

}  // namespace nvmeof::testing
