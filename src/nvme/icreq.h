// ICReq and ICResp: the two PDUs that open each NVMe/TCP connection, as the NVMe TCP transport
// specification has them ("Initialize Connection Request PDU", "... Response PDU"). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace nvmeof::nvme {

inline constexpr std::size_t kIcPduBytes = 128;
using IcPdu = std::array<std::uint8_t, kIcPduBytes>;

// The ICReq of the Linux initiator without digests: PDU format version 0, no alignment of data, one
// outstanding R2T.
[[nodiscard]] IcPdu MakeIcReq();

// Judges what a peer has sent so far, at most kIcPduBytes of it: true for an ICResp, false for the
// beginning of one, Unavailable with what it is instead. Only what makes the peer an NVMe/TCP
// target is judged; whether this kernel can use its digests and alignment, the kernel says at once.
[[nodiscard]] absl::StatusOr<bool> IsIcResp(absl::Span<const std::uint8_t> received);

// Unavailable when the ICResp asks for what the commands of nvme/admin_capsules do not have:
// digests, or data at another boundary than of four bytes. The kernel refuses these, too.
[[nodiscard]] absl::Status RequirePlain(const IcPdu& response);

}  // namespace nvmeof::nvme
