#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "backend/spdk/rpc_transport.h"
#include "base/errno_status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace nvmeof::backend {
namespace {

// SPDK's own limit for an answer.
constexpr std::size_t kLongestAnswer = std::size_t{32} << 20;
constexpr std::size_t kPiece = 65536;

absl::Status Unknown(absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat(why, ", so that nobody knows whether the request was carried out"));
}

absl::StatusOr<base::UniqueFd> Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path is longer than ", sizeof(address.sun_path) - 1, " bytes"));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The socket interface wants this cast.
  if (!fd.ok() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError(base::ErrnoStatus(errno, "connect").message());
  }
  return fd;
}

class Connection {
 public:
  Connection(base::UniqueFd fd, const base::Clock& clock, absl::Time deadline)
      : fd_(std::move(fd)), clock_(clock), deadline_(deadline) {}

  absl::Status Send(absl::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(Await(POLLOUT));
      } else if (errno != EINTR) {
        return Unknown(base::ErrnoStatus(errno, "send").message());
      }
    }
    return absl::OkStatus();
  }

  // An answer ends with the only newline in it.
  absl::StatusOr<std::string> ReceiveLine() {
    std::string line;
    std::array<char, kPiece> piece{};
    while (line.size() <= kLongestAnswer) {
      const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (got > 0) {
        line.append(piece.data(), static_cast<std::size_t>(got));
        if (line.back() == '\n') return line;
      } else if (got == 0) {
        return Unknown("it closed the connection without an answer");
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(Await(POLLIN));
      } else if (errno != EINTR) {
        return Unknown(base::ErrnoStatus(errno, "receive").message());
      }
    }
    return absl::InternalError(
        absl::StrCat("its answer is longer than ", kLongestAnswer, " bytes"));
  }

 private:
  absl::Status Await(short what) {
    const absl::Duration left = deadline_ - clock_.Now();
    if (left <= absl::ZeroDuration()) return Unknown("it did not answer in time");
    pollfd poll{fd_.get(), what, 0};
    // Up to a millisecond too long, so that the next look finds the time over.
    ::poll(&poll, 1,
           static_cast<int>(absl::ToInt64Milliseconds(std::min(left, absl::Minutes(10)))) + 1);
    return absl::OkStatus();
  }

  const base::UniqueFd fd_;
  const base::Clock& clock_;
  const absl::Time deadline_;
};

}  // namespace

absl::StatusOr<std::string> UnixRpcTransport::Exchange(absl::string_view request,
                                                       absl::Time deadline) {
  ASSIGN_OR_RETURN(base::UniqueFd fd, Connect(path_));
  Connection connection(std::move(fd), clock_, deadline);
  RETURN_IF_ERROR(connection.Send(request));
  return connection.ReceiveLine();
}

}  // namespace nvmeof::backend
