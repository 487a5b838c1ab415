// The few admin commands that a discovery log is read with, as NVMe/TCP PDUs: what the host sends,
// and what a controller sends back. After "Command Capsule PDU", "Response Capsule PDU" and
// "C2HData PDU" of the NVMe TCP transport specification, without digests. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "nvme/fabric.h"

namespace nvmeof::nvme {

// Registers of a controller.
inline constexpr std::uint32_t kControllerConfiguration = 0x14;
inline constexpr std::uint32_t kControllerStatus = 0x1C;
// Enabled, entries of 64 and 16 bytes, pages of 4 KiB: as the Linux initiator has it.
inline constexpr std::uint32_t kEnabled = 0x00460001;
inline constexpr std::uint64_t kReady = 1;
inline constexpr std::uint64_t kFatal = 2;

// What every controller can send as the data of one command, whatever limit it has.
inline constexpr std::size_t kMostData = 4096;

using Capsule = std::vector<std::uint8_t>;

// Makes the connection the admin queue of a new discovery controller, without keep alive.
// InvalidArgument when the host's id is no UUID.
[[nodiscard]] absl::StatusOr<Capsule> MakeDiscoveryConnect(std::uint16_t command,
                                                           const HostIdentity& host);
[[nodiscard]] Capsule MakePropertySet(std::uint16_t command, std::uint32_t property,
                                      std::uint32_t value);
[[nodiscard]] Capsule MakePropertyGet(std::uint16_t command, std::uint32_t property);
// `bytes` of the discovery log from `offset`. REQUIRES: both multiples of 4, bytes > 0.
[[nodiscard]] Capsule MakeGetDiscoveryLog(std::uint16_t command, std::uint64_t offset,
                                          std::uint32_t bytes);

// The end of a command.
struct Completion {
  std::uint16_t command = 0;
  std::uint16_t status = 0;  // code and type of code, without the phase; 0 = success
  std::uint64_t result = 0;

  friend bool operator==(const Completion&, const Completion&) = default;
};

// A piece of a command's data.
struct DataPiece {
  std::uint16_t command = 0;
  std::uint32_t offset = 0;
  std::vector<std::uint8_t> bytes;
  bool is_success = false;  // it is the last, and no Completion follows

  friend bool operator==(const DataPiece&, const DataPiece&) = default;
};

using ControllerPdu = std::variant<Completion, DataPiece>;

// How long the PDU is that begins with these kPduHeaderBytes. Unavailable for what no controller
// sends here, or not as long.
[[nodiscard]] absl::StatusOr<std::size_t> ControllerPduBytes(absl::Span<const std::uint8_t> header);

// A whole PDU of the length that ControllerPduBytes told. Unavailable with what it is instead; also
// for the controller's word that it ends the connection.
[[nodiscard]] absl::StatusOr<ControllerPdu> ParseControllerPdu(absl::Span<const std::uint8_t> pdu);

// OK for success. PermissionDenied when the controller does not let this host in, Unavailable for
// every other refusal, with its codes.
[[nodiscard]] absl::Status CompletionStatus(const Completion& completion);

}  // namespace nvmeof::nvme
