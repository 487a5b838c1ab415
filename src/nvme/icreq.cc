#include "nvme/icreq.h"

#include <algorithm>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "nvme/tcp_pdu.h"

namespace nvmeof::nvme {
namespace {

constexpr std::uint8_t kIcResp = 0x01;

struct ExpectedByte {
  std::size_t offset;
  std::uint8_t value;
  absl::string_view name;
};

constexpr ExpectedByte kIcRespFields[] = {
    {kPduTypeAt, kIcResp, "type"},
    {kPduHeaderLengthAt, kIcPduBytes, "header length"},
    {kPduLengthAt, kIcPduBytes, "length"},
    {kPduLengthAt + 1, 0, "length"},
    {kPduLengthAt + 2, 0, "length"},
    {kPduLengthAt + 3, 0, "length"},
    {8, 0, "format version"},
    {9, 0, "format version"},
};

std::string Beginning(absl::Span<const std::uint8_t> received) {
  std::string text;
  for (const std::uint8_t byte : received.first(std::min<std::size_t>(received.size(), 16))) {
    text.push_back(static_cast<char>(byte));
  }
  return absl::CHexEscape(text);
}

}  // namespace

IcPdu MakeIcReq() {
  IcPdu pdu = {};  // type, version, alignment, digests and maxr2t of an ICReq are 0
  pdu[kPduHeaderLengthAt] = kIcPduBytes;
  pdu[kPduLengthAt] = kIcPduBytes;
  return pdu;
}

absl::StatusOr<bool> IsIcResp(absl::Span<const std::uint8_t> received) {
  if (!received.empty() && received[kPduTypeAt] == kC2hTermReq) {
    return absl::UnavailableError(
        "the NVMe/TCP target there refuses the connection (it answered C2HTermReq)");
  }
  for (const ExpectedByte& field : kIcRespFields) {
    if (field.offset >= received.size() || received[field.offset] == field.value) continue;
    return absl::UnavailableError(absl::StrCat("not an NVMe/TCP target: its answer begins with \"",
                                               Beginning(received),
                                               "\", which is no ICResp by its ", field.name));
  }
  return received.size() >= kIcPduBytes;
}

absl::Status RequirePlain(const IcPdu& response) {
  const int alignment = response[10];
  const int digests = response[11];
  if (alignment == 0 && digests == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("its ICResp asks for alignment ", alignment,
                                             " and digests ", digests, " where none were offered"));
}

}  // namespace nvmeof::nvme
