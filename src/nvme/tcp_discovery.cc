#include "nvme/tcp_discovery.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/errno_status.h"
#include "base/status_macros.h"
#include "nvme/admin_capsules.h"
#include "nvme/admin_conversation.h"
#include "nvme/icreq.h"
#include "nvme/portal_attempt.h"

namespace nvmeof::nvme {
namespace {

constexpr absl::Duration kOpenTime = absl::Seconds(3);
constexpr absl::Duration kReadyPause = absl::Milliseconds(10);
constexpr int kMostReads = 4;

// A connection over which ICReq and ICResp were exchanged.
absl::StatusOr<base::UniqueFd> Open(const volume::Path& path, const base::Clock& clock,
                                    absl::Time deadline) {
  PortalAttempt attempt(path, AfterAnswer::kGoOn);
  while (!attempt.done()) {
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) {
      attempt.EndAsSilent();
      break;
    }
    pollfd poll = {attempt.fd(), attempt.events(), 0};
    const timespec timeout = absl::ToTimespec(left);
    const int ready = ::ppoll(&poll, 1, &timeout, nullptr);
    if (ready > 0) attempt.Continue();
    if (ready < 0 && errno != EINTR) {
      return absl::ResourceExhaustedError(
          base::ErrnoStatus(errno, "wait for the portal").message());
    }
  }
  RETURN_IF_ERROR(attempt.result());
  RETURN_IF_ERROR(RequirePlain(attempt.answer()));
  return attempt.TakeSocket();
}

// One visit to a discovery controller.
class Visit {
 public:
  Visit(base::UniqueFd socket, const base::Clock& clock, absl::Time deadline)
      : clock_(clock), deadline_(deadline), conversation_(std::move(socket), clock, deadline) {}

  absl::Status Begin(const HostIdentity& host) {
    const std::uint16_t connect = ++command_;
    ASSIGN_OR_RETURN(const Capsule capsule, MakeDiscoveryConnect(connect, host));
    RETURN_IF_ERROR(
        conversation_.Exchange(connect, capsule, 0, "connect to the discovery controller")
            .status());
    const std::uint16_t enable = ++command_;
    RETURN_IF_ERROR(conversation_
                        .Exchange(enable,
                                  MakePropertySet(enable, kControllerConfiguration, kEnabled), 0,
                                  "enable the discovery controller")
                        .status());
    return AwaitReady();
  }

  absl::StatusOr<DiscoveryLog> ReadLog() {
    ASSIGN_OR_RETURN(DiscoveryHeader header, ReadHeader());
    for (int reads = 0; reads < kMostReads; ++reads) {
      ASSIGN_OR_RETURN(const std::vector<std::uint8_t> records,
                       ReadRecords(static_cast<std::size_t>(header.records)));
      ASSIGN_OR_RETURN(const DiscoveryHeader after, ReadHeader());
      if (after == header) return ParseDiscoveryRecords(records);
      header = after;
    }
    return absl::UnavailableError(absl::StrCat("the discovery log changed each of the ", kMostReads,
                                               " times that it was read"));
  }

 private:
  absl::Status AwaitReady() {
    while (true) {
      const std::uint16_t command = ++command_;
      ASSIGN_OR_RETURN(const AdminConversation::Answer answer,
                       conversation_.Exchange(command, MakePropertyGet(command, kControllerStatus),
                                              0, "ask whether the discovery controller is ready"));
      if ((answer.result & kFatal) != 0) {
        return absl::UnavailableError("the discovery controller has failed (CSTS.CFS)");
      }
      if ((answer.result & kReady) != 0) return absl::OkStatus();
      if (clock_.Now() >= deadline_) {
        return absl::UnavailableError("the discovery controller did not become ready in time");
      }
      ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(kReadyPause)));
    }
  }

  absl::StatusOr<std::vector<std::uint8_t>> ReadAt(std::size_t offset, std::size_t size) {
    const std::uint16_t command = ++command_;
    ASSIGN_OR_RETURN(
        AdminConversation::Answer answer,
        conversation_.Exchange(
            command, MakeGetDiscoveryLog(command, offset, static_cast<std::uint32_t>(size)), size,
            "read the discovery log"));
    return std::move(answer.data);
  }

  absl::StatusOr<DiscoveryHeader> ReadHeader() {
    ASSIGN_OR_RETURN(const std::vector<std::uint8_t> header, ReadAt(0, kDiscoveryRecordBytes));
    return ParseDiscoveryHeader(header);
  }

  absl::StatusOr<std::vector<std::uint8_t>> ReadRecords(std::size_t count) {
    const std::size_t size = count * kDiscoveryRecordBytes;
    std::vector<std::uint8_t> records;
    while (records.size() < size) {
      ASSIGN_OR_RETURN(const std::vector<std::uint8_t> piece,
                       ReadAt(kDiscoveryRecordBytes + records.size(),
                              std::min(kMostData, size - records.size())));
      records.insert(records.end(), piece.begin(), piece.end());
    }
    return records;
  }

  const base::Clock& clock_;
  const absl::Time deadline_;
  AdminConversation conversation_;
  std::uint16_t command_ = 0;
};

}  // namespace

absl::StatusOr<DiscoveryLog> TcpDiscovery::Read(const volume::Path& path, absl::Time deadline) {
  const absl::Time now = clock_.Now();
  if (now >= deadline) {
    return absl::DeadlineExceededError("no time was left to ask the discovery controller");
  }
  ASSIGN_OR_RETURN(base::UniqueFd socket, Open(path, clock_, std::min(deadline, now + kOpenTime)));
  Visit visit(std::move(socket), clock_, deadline);
  RETURN_IF_ERROR(visit.Begin(host_));
  return visit.ReadLog();
}

}  // namespace nvmeof::nvme
