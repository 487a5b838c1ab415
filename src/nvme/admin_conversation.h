// AdminConversation: admin commands to a controller over an NVMe/TCP connection in user space, one
// after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "base/clock.h"
#include "base/unique_fd.h"
#include "nvme/admin_capsules.h"

namespace nvmeof::nvme {

// One thread at a time. Owns the socket; borrows the clock, which must move by itself. Blocks until
// the deadline at most, a time of the clock. After an error it is not to be used any more.
class AdminConversation {
 public:
  struct Answer {
    std::uint64_t result = 0;
    std::vector<std::uint8_t> data;
  };

  // REQUIRES: a socket that never blocks, on which ICReq and ICResp were exchanged.
  AdminConversation(base::UniqueFd socket, const base::Clock& clock, absl::Time deadline)
      : socket_(std::move(socket)), clock_(clock), deadline_(deadline) {}

  // Sends a capsule that was made for `command` and awaits its completion with exactly `data_bytes`
  // of data. Errors: those of admin_capsules; Unavailable when the controller is silent until the
  // deadline, closes, or sends other data than was asked for. `what` says what was asked.
  [[nodiscard]] absl::StatusOr<Answer> Exchange(std::uint16_t command, const Capsule& capsule,
                                                std::size_t data_bytes, absl::string_view what);

 private:
  absl::StatusOr<Answer> Do(std::uint16_t command, const Capsule& capsule, std::size_t data_bytes);
  absl::Status Await(short events);
  absl::Status Send(absl::Span<const std::uint8_t> bytes);
  absl::Status Receive(absl::Span<std::uint8_t> bytes);
  absl::StatusOr<ControllerPdu> ReceivePdu();

  base::UniqueFd socket_;
  const base::Clock& clock_;
  const absl::Time deadline_;
};

}  // namespace nvmeof::nvme
