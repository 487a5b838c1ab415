#include "nvme/admin_capsules.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "base/status_macros.h"
#include "nvme/discovery_log.h"
#include "nvme/little_endian.h"
#include "nvme/tcp_pdu.h"
#include "volume/uuid.h"

namespace nvmeof::nvme {
namespace {

constexpr std::uint8_t kCapsuleCmd = 0x04;
constexpr std::uint8_t kCapsuleResp = 0x05;
constexpr std::uint8_t kC2hData = 0x07;
constexpr std::uint8_t kLastAndSuccess = 0x0C;
constexpr std::uint8_t kResponseHeader = 24;  // of each of the three that a controller sends here
constexpr std::size_t kMostPdu = kMostData + 256;

// A submission queue entry lies behind the common header of its capsule.
constexpr std::size_t kEntry = kPduHeaderBytes;
constexpr std::size_t kEntryBytes = 64;
constexpr std::size_t kCapsuleHeader = kEntry + kEntryBytes;

constexpr std::uint8_t kFabricsCommand = 0x7F;
constexpr std::uint8_t kGetLogPage = 0x02;
constexpr std::uint8_t kDiscoveryLogPage = 0x70;
constexpr std::uint8_t kPropertySet = 0x00;
constexpr std::uint8_t kConnect = 0x01;
constexpr std::uint8_t kPropertyGet = 0x04;
constexpr std::uint8_t kUsesSgl = 0x40;

// Types of the SGL descriptor: data within the capsule, and data that the transport brings.
constexpr std::uint8_t kInCapsule = 0x01;
constexpr std::uint8_t kByTransport = 0x5A;

constexpr std::size_t kConnectDataBytes = 1024;
constexpr std::uint16_t kAnyController = 0xFFFF;
// One less than the entries of the queue; fewer than 32 entries are not allowed.
constexpr std::uint16_t kAdminQueue = 31;

constexpr std::uint16_t kConnectBusy = 0x181;
constexpr std::uint16_t kConnectInvalidParameter = 0x182;
constexpr std::uint16_t kConnectInvalidHost = 0x184;
constexpr std::uint16_t kAuthenticationRequired = 0x191;

Capsule MakeCapsule(std::uint8_t opcode, std::uint16_t command, std::size_t data_bytes = 0) {
  Capsule capsule(kCapsuleHeader + data_bytes);
  const auto bytes = absl::MakeSpan(capsule);
  bytes[kPduTypeAt] = kCapsuleCmd;
  bytes[kPduHeaderLengthAt] = kCapsuleHeader;
  if (data_bytes > 0) bytes[kPduDataOffsetAt] = kCapsuleHeader;
  WriteLittleEndian(bytes, kPduLengthAt, static_cast<std::uint32_t>(capsule.size()));
  bytes[kEntry] = opcode;
  bytes[kEntry + 1] = kUsesSgl;
  WriteLittleEndian(bytes, kEntry + 2, command);
  return capsule;
}

void DescribeData(Capsule& capsule, std::uint8_t type, std::uint32_t size) {
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 32, size);
  capsule[kEntry + 39] = type;
}

void PutText(Capsule& capsule, std::size_t offset, absl::string_view text) {
  std::copy(text.begin(), text.end(), capsule.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::string Explain(std::uint16_t status) {
  switch (status) {
    case kConnectBusy:
      return "the controller is busy";
    case kConnectInvalidParameter:
      return "it does not take this host's NQN, host id or queue";
    case kConnectInvalidHost:
      return "it does not allow this host";
    case kAuthenticationRequired:
      return "it wants this host to authenticate, which is not supported here";
    default:
      return "the controller refuses it";
  }
}

}  // namespace

absl::StatusOr<Capsule> MakeDiscoveryConnect(std::uint16_t command, const HostIdentity& host) {
  ASSIGN_OR_RETURN(const volume::Uuid id, volume::Uuid::Parse(host.id));
  Capsule capsule = MakeCapsule(kFabricsCommand, command, kConnectDataBytes);
  DescribeData(capsule, kInCapsule, kConnectDataBytes);
  capsule[kEntry + 4] = kConnect;
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 44, kAdminQueue);
  std::copy(id.bytes().begin(), id.bytes().end(), capsule.begin() + kCapsuleHeader);
  WriteLittleEndian(absl::MakeSpan(capsule), kCapsuleHeader + 16, kAnyController);
  PutText(capsule, kCapsuleHeader + 256, kDiscoveryNqn);
  PutText(capsule, kCapsuleHeader + 512, host.nqn.text());
  return capsule;
}

Capsule MakePropertySet(std::uint16_t command, std::uint32_t property, std::uint32_t value) {
  Capsule capsule = MakeCapsule(kFabricsCommand, command);
  DescribeData(capsule, kByTransport, 0);
  capsule[kEntry + 4] = kPropertySet;
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 44, property);
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 48, value);
  return capsule;
}

Capsule MakePropertyGet(std::uint16_t command, std::uint32_t property) {
  Capsule capsule = MakeCapsule(kFabricsCommand, command);
  DescribeData(capsule, kByTransport, 0);
  capsule[kEntry + 4] = kPropertyGet;
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 44, property);
  return capsule;
}

Capsule MakeGetDiscoveryLog(std::uint16_t command, std::uint64_t offset, std::uint32_t bytes) {
  Capsule capsule = MakeCapsule(kGetLogPage, command);
  DescribeData(capsule, kByTransport, bytes);
  const std::uint32_t words = bytes / 4 - 1;  // counted from 0
  capsule[kEntry + 40] = kDiscoveryLogPage;
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 42, static_cast<std::uint16_t>(words));
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 44, static_cast<std::uint16_t>(words >> 16));
  WriteLittleEndian(absl::MakeSpan(capsule), kEntry + 48, offset);
  return capsule;
}

absl::StatusOr<std::size_t> ControllerPduBytes(absl::Span<const std::uint8_t> header) {
  const std::uint8_t type = header[kPduTypeAt];
  if (type != kC2hTermReq && type != kCapsuleResp && type != kC2hData) {
    return absl::UnavailableError(
        absl::StrFormat("it sent a PDU of type 0x%02x, which is no answer to a command", type));
  }
  const auto length = ReadLittleEndian<std::uint32_t>(header, kPduLengthAt);
  if (header[kPduHeaderLengthAt] != kResponseHeader || length < kResponseHeader ||
      length > kMostPdu) {
    return absl::UnavailableError(
        absl::StrFormat("it sent a PDU of type 0x%02x with %d bytes of header and %d bytes in all",
                        type, header[kPduHeaderLengthAt], length));
  }
  return std::size_t{length};
}

absl::StatusOr<ControllerPdu> ParseControllerPdu(absl::Span<const std::uint8_t> pdu) {
  switch (pdu[kPduTypeAt]) {
    case kC2hTermReq:
      return absl::UnavailableError(
          absl::StrCat("it ended the connection (C2HTermReq, fatal error status ",
                       ReadLittleEndian<std::uint16_t>(pdu, 8), ")"));
    case kCapsuleResp: {
      const auto status = ReadLittleEndian<std::uint16_t>(pdu, kPduHeaderBytes + 14);
      return Completion{.command = ReadLittleEndian<std::uint16_t>(pdu, kPduHeaderBytes + 12),
                        .status = static_cast<std::uint16_t>((status >> 1) & 0x7FF),
                        .result = ReadLittleEndian<std::uint64_t>(pdu, kPduHeaderBytes)};
    }
    default:
      break;
  }
  const std::size_t at = pdu[kPduDataOffsetAt];
  const auto size = ReadLittleEndian<std::uint32_t>(pdu, 16);
  if (at < kResponseHeader || at > pdu.size() || pdu.size() - at != size) {
    return absl::UnavailableError(
        absl::StrCat("it sent data of ", size, " bytes from byte ", at, " of ", pdu.size()));
  }
  const auto data = pdu.subspan(at);
  return DataPiece{.command = ReadLittleEndian<std::uint16_t>(pdu, 8),
                   .offset = ReadLittleEndian<std::uint32_t>(pdu, 12),
                   .bytes = {data.begin(), data.end()},
                   .is_success = (pdu[kPduFlagsAt] & kLastAndSuccess) == kLastAndSuccess};
}

absl::Status CompletionStatus(const Completion& completion) {
  if (completion.status == 0) return absl::OkStatus();
  const std::string message =
      absl::StrCat(Explain(completion.status),
                   absl::StrFormat(" (status type %d, code 0x%02x)", completion.status >> 8,
                                   completion.status & 0xFF));
  const bool forbidden =
      completion.status == kConnectInvalidHost || completion.status == kAuthenticationRequired;
  return forbidden ? absl::PermissionDeniedError(message) : absl::UnavailableError(message);
}

}  // namespace nvmeof::nvme
