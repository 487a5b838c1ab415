#include "nvme/admin_conversation.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "nvme/tcp_pdu.h"

namespace nvmeof::nvme {
namespace {

absl::Status SystemError(int error, absl::string_view what) {
  return absl::UnavailableError(base::ErrnoStatus(error, what).message());
}

absl::Status NotAsked(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("the controller sent ", what));
}

}  // namespace

absl::StatusOr<AdminConversation::Answer> AdminConversation::Exchange(std::uint16_t command,
                                                                      const Capsule& capsule,
                                                                      std::size_t data_bytes,
                                                                      absl::string_view what) {
  absl::StatusOr<Answer> answer = Do(command, capsule, data_bytes);
  if (answer.ok()) return answer;
  return base::Annotate(answer.status(), what);
}

absl::StatusOr<AdminConversation::Answer> AdminConversation::Do(std::uint16_t command,
                                                                const Capsule& capsule,
                                                                std::size_t data_bytes) {
  RETURN_IF_ERROR(Send(capsule));
  Answer answer;
  while (true) {
    ASSIGN_OR_RETURN(const ControllerPdu pdu, ReceivePdu());
    if (const auto* completion = std::get_if<Completion>(&pdu); completion != nullptr) {
      if (completion->command != command) return NotAsked("the answer to another command");
      RETURN_IF_ERROR(CompletionStatus(*completion));
      answer.result = completion->result;
      break;
    }
    const auto& piece = std::get<DataPiece>(pdu);
    if (piece.command != command) return NotAsked("data of another command");
    if (piece.bytes.empty() || piece.offset != answer.data.size() ||
        piece.bytes.size() > data_bytes - answer.data.size()) {
      return NotAsked(absl::StrCat(piece.bytes.size(), " bytes of data at ", piece.offset,
                                   " where it had sent ", answer.data.size(), " of ", data_bytes));
    }
    answer.data.insert(answer.data.end(), piece.bytes.begin(), piece.bytes.end());
    if (piece.is_success) break;
  }
  if (answer.data.size() == data_bytes) return answer;
  return NotAsked(absl::StrCat(answer.data.size(), " of ", data_bytes, " bytes of data"));
}

absl::Status AdminConversation::Await(short events) {
  while (true) {
    const absl::Duration left = deadline_ - clock_.Now();
    if (left <= absl::ZeroDuration()) {
      return absl::UnavailableError("the controller did not answer in time");
    }
    pollfd poll = {socket_.get(), events, 0};
    const timespec timeout = absl::ToTimespec(std::min(left, absl::Hours(1)));
    const int ready = ::ppoll(&poll, 1, &timeout, nullptr);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SystemError(errno, "wait for the controller");
  }
}

absl::Status AdminConversation::Send(absl::Span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(Await(POLLOUT));
    } else if (errno != EINTR) {
      return SystemError(errno, "send");
    }
  }
  return absl::OkStatus();
}

absl::Status AdminConversation::Receive(absl::Span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (size == 0) {
      return absl::UnavailableError("the controller closed the connection");
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(Await(POLLIN));
    } else if (errno != EINTR) {
      return SystemError(errno, "receive");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ControllerPdu> AdminConversation::ReceivePdu() {
  std::vector<std::uint8_t> pdu(kPduHeaderBytes);
  RETURN_IF_ERROR(Receive(absl::MakeSpan(pdu)));
  ASSIGN_OR_RETURN(const std::size_t size, ControllerPduBytes(pdu));
  pdu.resize(size);
  RETURN_IF_ERROR(Receive(absl::MakeSpan(pdu).subspan(kPduHeaderBytes)));
  return ParseControllerPdu(pdu);
}

}  // namespace nvmeof::nvme
