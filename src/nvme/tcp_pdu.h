// Where the fields of an NVMe/TCP PDU's common header lie, and the type that both sides of this
// driver's conversations look for. After "PDU Common Header" of the NVMe TCP transport
// specification.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvmeof::nvme {

inline constexpr std::size_t kPduTypeAt = 0;
inline constexpr std::size_t kPduFlagsAt = 1;
inline constexpr std::size_t kPduHeaderLengthAt = 2;
inline constexpr std::size_t kPduDataOffsetAt = 3;
inline constexpr std::size_t kPduLengthAt = 4;  // of header and data, in four bytes, little endian
inline constexpr std::size_t kPduHeaderBytes = 8;

// The controller ends the connection, and why.
inline constexpr std::uint8_t kC2hTermReq = 0x03;

}  // namespace nvmeof::nvme
