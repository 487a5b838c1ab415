#include "nvme/portal_attempt.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "nvme/connect_error.h"

namespace nvmeof::nvme {
namespace {

using Address = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// Null when the literals are none. Looks nothing up.
Address ParseAddress(const std::string& address, const std::string& service) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.c_str(), service.c_str(), &hints, &found);
  return {error == 0 ? found : nullptr, &::freeaddrinfo};
}

// Whether the errno tells of this node's means, and nothing of the portal. EAGAIN is connect's word
// for "no free local port".
bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == EAGAIN;
}

bool IsClosedByPeer(int error) { return error == ECONNRESET || error == EPIPE; }

absl::Status ClosedByPeer() {
  return absl::UnavailableError(
      "not an NVMe/TCP target, or one that wants TLS: it closed the connection without an ICResp");
}

}  // namespace

PortalAttempt::PortalAttempt(const volume::Path& path, AfterAnswer after)
    : path_(path), after_(after) {
  Begin();
}

void PortalAttempt::Begin() {
  const Address portal = ParseAddress(path_.portal.address, path_.portal.service);
  if (portal == nullptr) {
    return End(absl::InvalidArgumentError("the portal is no IP address with a port"));
  }
  socket_ = base::UniqueFd(
      ::socket(portal->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket_.ok()) return EndByErrno(errno, "make a socket");

  // As the kernel's initiator does: the close sends a reset. It leaves no TIME_WAIT behind, on
  // neither side, and a target knows it from every host that disconnects; nvmet then releases its
  // queue as after a FIN.
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

  const std::string& interface = path_.host.interface;
  if (!interface.empty() &&
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size())) != 0) {
    return EndByErrno(errno, "use the host's interface");
  }
  if (!path_.host.address.empty()) {
    const Address host = ParseAddress(path_.host.address, "0");
    if (host == nullptr)
      return End(absl::InvalidArgumentError("the host's address is no IP address"));
    if (::bind(socket_.get(), host->ai_addr, host->ai_addrlen) != 0) {
      return EndByErrno(errno, "use the host's address");
    }
  }
  if (::connect(socket_.get(), portal->ai_addr, portal->ai_addrlen) == 0) {
    stage_ = Stage::kSending;
    return Send();
  }
  // After a signal a connect goes on by itself.
  if (errno != EINPROGRESS && errno != EINTR) EndByErrno(errno, "connect");
}

short PortalAttempt::events() const { return stage_ == Stage::kReceiving ? POLLIN : POLLOUT; }

void PortalAttempt::Continue() {
  if (stage_ == Stage::kReceiving) return Receive();
  if (stage_ == Stage::kConnecting) {
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return EndByErrno(error, "connect");
    stage_ = Stage::kSending;
  }
  Send();
}

void PortalAttempt::Send() {
  const IcPdu request = MakeIcReq();
  while (sent_ < request.size()) {
    const ssize_t size =
        ::send(socket_.get(), request.data() + sent_, request.size() - sent_, MSG_NOSIGNAL);
    if (size >= 0) {
      sent_ += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      return;
    } else if (IsClosedByPeer(errno)) {
      return End(ClosedByPeer());
    } else if (errno != EINTR) {
      return EndByErrno(errno, "send the ICReq");
    }
  }
  stage_ = Stage::kReceiving;
}

void PortalAttempt::Receive() {
  while (true) {
    const ssize_t size =
        ::recv(socket_.get(), answer_.data() + received_, answer_.size() - received_, 0);
    if (size == 0) return End(ClosedByPeer());
    if (size < 0) {
      if (errno == EAGAIN) return;
      if (errno == EINTR) continue;
      if (IsClosedByPeer(errno)) return End(ClosedByPeer());
      return EndByErrno(errno, "receive the ICResp");
    }
    received_ += static_cast<std::size_t>(size);
    const absl::StatusOr<bool> whole = IsIcResp(absl::MakeConstSpan(answer_).first(received_));
    if (!whole.ok()) return End(whole.status());
    if (*whole) return End(absl::OkStatus());
  }
}

void PortalAttempt::End(absl::Status result) {
  result_ = std::move(result);
  stage_ = Stage::kDone;
  if (after_ == AfterAnswer::kEnd || !result_.ok()) socket_.Reset();
}

void PortalAttempt::EndAsSilent() {
  if (stage_ == Stage::kConnecting) return EndByErrno(ETIMEDOUT, "connect");
  End(absl::UnavailableError(absl::StrCat(PathHint(EAGAIN, path_), ": it sent ", received_,
                                          " of the ", answer_.size(), " bytes of an ICResp")));
}

void PortalAttempt::EndByErrno(int error, const char* what) {
  const absl::Status cause = base::ErrnoStatus(error, what);
  if (IsShortage(error)) return End(absl::ResourceExhaustedError(cause.message()));
  const std::string hint = PathHint(error, path_);
  End(absl::UnavailableError(absl::StrCat(cause.message(), hint.empty() ? "" : ": ", hint)));
}

}  // namespace nvmeof::nvme
