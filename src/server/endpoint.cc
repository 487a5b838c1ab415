#include "server/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::server {
namespace {

constexpr std::size_t kMaximumPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status NotAUnixEndpoint() {
  return absl::InvalidArgumentError(absl::StrCat("must be unix:// and an absolute path of at most ",
                                                 kMaximumPath, " bytes that ends in .sock"));
}

absl::Status NotATcpEndpoint() {
  return absl::InvalidArgumentError(
      "must be an IP address and a port, such as 127.0.0.1:4421 or [::1]:4421");
}

bool IsLoopback(const in_addr& address) { return (ntohl(address.s_addr) >> 24) == 127; }

bool IsPort(absl::string_view text) {
  unsigned port = 0;
  return absl::c_all_of(text, absl::ascii_isdigit) && absl::SimpleAtoi(text, &port) && port > 0 &&
         port <= 65535;
}

enum class Listener { kAnswers, kAbsent };

// Whether somebody accepts connections on the socket.
absl::StatusOr<Listener> Knock(const std::string& path) {
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "make a socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // The socket interface wants this cast.
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return Listener::kAnswers;
  }
  switch (errno) {
    case ECONNREFUSED:
      return Listener::kAbsent;
    case EAGAIN:  // its queue is full: busy, not dead
      return Listener::kAnswers;
    default:
      return base::ErrnoStatus(errno, absl::StrCat("connect to ", path));
  }
}

}  // namespace

absl::StatusOr<Endpoint> Endpoint::ParseUnix(absl::string_view text) {
  absl::string_view path = text;
  if (!absl::ConsumePrefix(&path, "unix:")) return NotAUnixEndpoint();
  absl::ConsumePrefix(&path, "//");
  if (!absl::StartsWith(path, "/") || !absl::EndsWith(path, ".sock") ||
      absl::EndsWith(path, "/.sock") || path.size() > kMaximumPath) {
    return NotAUnixEndpoint();
  }
  return Endpoint(absl::StrCat("unix:", path), std::string(path), true);
}

absl::StatusOr<Endpoint> Endpoint::ParseTcp(absl::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return NotATcpEndpoint();
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  if (!IsPort(port)) return NotATcpEndpoint();
  in_addr four = {};
  if (inet_pton(AF_INET, std::string(host).c_str(), &four) == 1) {
    return Endpoint(absl::StrCat(host, ":", port), "", IsLoopback(four));
  }
  in6_addr six = {};
  if (!absl::ConsumePrefix(&host, "[") || !absl::ConsumeSuffix(&host, "]") ||
      inet_pton(AF_INET6, std::string(host).c_str(), &six) != 1) {
    return NotATcpEndpoint();
  }
  return Endpoint(absl::StrCat("[", host, "]:", port), "", IN6_IS_ADDR_LOOPBACK(&six) != 0);
}

absl::Status MakeRoom(const Endpoint& endpoint) {
  const std::string& path = endpoint.socket_path();
  if (path.empty()) return absl::OkStatus();
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  struct stat info = {};
  if (::stat(folder.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("folder of the socket ", path));
  }
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : base::ErrnoStatus(errno, path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " exists and is not a socket; remove it or choose another endpoint"));
  }
  ASSIGN_OR_RETURN(const Listener listener, Knock(path));
  if (listener == Listener::kAnswers) {
    return absl::FailedPreconditionError(absl::StrCat("another process already serves on ", path));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return base::ErrnoStatus(errno, absl::StrCat("remove the stale socket ", path));
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::server
