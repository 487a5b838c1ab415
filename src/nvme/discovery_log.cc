#include "nvme/discovery_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "base/status_macros.h"
#include "nvme/little_endian.h"

namespace nvmeof::nvme {
namespace {

constexpr std::uint8_t kTcp = 3;

struct EntryField {
  absl::string_view name;
  std::size_t offset;
  std::size_t size;
};

constexpr EntryField kService = {"trsvcid", 32, 32};
constexpr EntryField kNqn = {"subnqn", 256, 256};
constexpr EntryField kAddress = {"traddr", 512, 256};

// Ends at a NUL or at its size, and may be padded with blanks.
absl::StatusOr<std::string> ReadText(absl::Span<const std::uint8_t> record,
                                     const EntryField& field) {
  std::string text;
  for (const std::uint8_t byte : record.subspan(field.offset, field.size)) {
    if (byte == 0) break;
    text.push_back(static_cast<char>(byte));
  }
  absl::StripTrailingAsciiWhitespace(&text);
  if (std::all_of(text.begin(), text.end(),
                  [](char c) { return absl::ascii_isprint(static_cast<unsigned char>(c)); })) {
    return text;
  }
  return absl::DataLossError(
      absl::StrCat(field.name, " \"", absl::CHexEscape(text.substr(0, 16)), "\" is no text"));
}

absl::StatusOr<std::optional<volume::Portal>> ReadPortal(absl::Span<const std::uint8_t> record) {
  if (record[0] != kTcp) return std::nullopt;
  ASSIGN_OR_RETURN(const std::string address, ReadText(record, kAddress));
  ASSIGN_OR_RETURN(const std::string service, ReadText(record, kService));
  const std::string host = volume::IsIpv6(address) ? absl::StrCat("[", address, "]") : address;
  absl::StatusOr<volume::Portal> portal = volume::ParsePortal(absl::StrCat(host, ":", service));
  if (!portal.ok()) return std::nullopt;
  return *std::move(portal);
}

std::optional<DiscoveryKind> KindOf(std::uint8_t subtype) {
  if (subtype == 1) return DiscoveryKind::kReferral;
  if (subtype == 2) return DiscoveryKind::kSubsystem;
  if (subtype == 3) return DiscoveryKind::kItself;
  return std::nullopt;
}

absl::StatusOr<std::optional<DiscoveryEntry>> ReadEntry(absl::Span<const std::uint8_t> record) {
  const std::optional<DiscoveryKind> kind = KindOf(record[2]);
  if (!kind.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(std::string nqn, ReadText(record, kNqn));
  if (nqn.compare(0, 4, "nqn.") != 0) {
    return absl::DataLossError(absl::StrCat(kNqn.name, " \"", nqn.substr(0, 64), "\" is no NQN"));
  }
  ASSIGN_OR_RETURN(std::optional<volume::Portal> portal, ReadPortal(record));
  return DiscoveryEntry{*kind, std::move(nqn), std::move(portal)};
}

}  // namespace

absl::StatusOr<DiscoveryHeader> ParseDiscoveryHeader(absl::Span<const std::uint8_t> header) {
  const auto format = ReadLittleEndian<std::uint16_t>(header, 16);
  if (format != 0) {
    return absl::DataLossError(
        absl::StrCat("the discovery log has records of format ", format, ", we know format 0"));
  }
  const DiscoveryHeader parsed{.generation = ReadLittleEndian<std::uint64_t>(header, 0),
                               .records = ReadLittleEndian<std::uint64_t>(header, 8)};
  if (parsed.records > kMostDiscoveryRecords) {
    return absl::ResourceExhaustedError(absl::StrCat("the discovery log has ", parsed.records,
                                                     " records, more than the ",
                                                     kMostDiscoveryRecords, " that are read"));
  }
  return parsed;
}

absl::StatusOr<DiscoveryLog> ParseDiscoveryRecords(absl::Span<const std::uint8_t> bytes) {
  DiscoveryLog log;
  for (std::size_t at = 0; at < bytes.size(); at += kDiscoveryRecordBytes) {
    absl::StatusOr<std::optional<DiscoveryEntry>> entry =
        ReadEntry(bytes.subspan(at, kDiscoveryRecordBytes));
    if (!entry.ok()) {
      return base::Annotate(
          entry.status(), absl::StrCat("the discovery log's record ", at / kDiscoveryRecordBytes));
    }
    if (entry->has_value()) log.entries.push_back(**std::move(entry));
  }
  return log;
}

}  // namespace nvmeof::nvme
