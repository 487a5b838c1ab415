#include "tests/vm/socket_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <utility>

#include "base/clock.h"

namespace nvmeof::testing {

SocketWatch::SocketWatch(std::string path)
    : path_(std::move(path)), events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  const std::string folder = std::filesystem::path(path_).parent_path();
  ::inotify_add_watch(events_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO);
}

bool SocketWatch::Connects() const {
  const base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  // The kernel's interface takes the general address type.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto* const general = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(socket.get(), general, sizeof(address)) == 0;
}

bool SocketWatch::Wait(absl::Duration limit) {
  const absl::Time end = base::MonotonicClock().Now() + limit;
  std::array<char, 4096> ignored{};
  while (!Connects()) {
    if (base::MonotonicClock().Now() >= end) return false;
    // Between bind and listen the file is there and nothing announces the rest.
    const int milliseconds = std::filesystem::exists(path_) ? 1 : 100;
    pollfd wait{events_.get(), POLLIN, 0};
    const bool event = ::poll(&wait, 1, milliseconds) == 1;
    if (event && ::read(events_.get(), ignored.data(), ignored.size()) < 0) return false;
  }
  return true;
}

}  // namespace nvmeof::testing
