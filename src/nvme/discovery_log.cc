#include "nvme/discovery_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "nvme/little_endian.h"

namespace nvmeof::nvme {
namespace {

constexpr std::uint8_t kTcp = 3;

struct EntryField {
  std::size_t offset;
  std::size_t size;
};

// trsvcid, subnqn and traddr.
constexpr EntryField kService = {32, 32};
constexpr EntryField kNqn = {256, 256};
constexpr EntryField kAddress = {512, 256};

// Ends at a NUL or at its size, and may be padded with blanks. Nothing when it is no text.
std::optional<std::string> ReadText(absl::Span<const std::uint8_t> record,
                                    const EntryField& field) {
  std::string text;
  for (const std::uint8_t byte : record.subspan(field.offset, field.size)) {
    if (byte == 0) break;
    text.push_back(static_cast<char>(byte));
  }
  absl::StripTrailingAsciiWhitespace(&text);
  const bool is_text = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
  return is_text ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<volume::Portal> ReadPortal(absl::Span<const std::uint8_t> record) {
  const std::optional<std::string> address = ReadText(record, kAddress);
  const std::optional<std::string> service = ReadText(record, kService);
  if (record[0] != kTcp || !address.has_value() || !service.has_value()) return std::nullopt;
  const std::string host = volume::IsIpv6(*address) ? absl::StrCat("[", *address, "]") : *address;
  absl::StatusOr<volume::Portal> portal = volume::ParsePortal(absl::StrCat(host, ":", *service));
  if (!portal.ok()) return std::nullopt;
  return *std::move(portal);
}

std::optional<DiscoveryKind> KindOf(std::uint8_t subtype) {
  if (subtype == 1) return DiscoveryKind::kReferral;
  if (subtype == 2) return DiscoveryKind::kSubsystem;
  if (subtype == 3) return DiscoveryKind::kItself;
  return std::nullopt;
}

std::optional<DiscoveryEntry> ReadEntry(absl::Span<const std::uint8_t> record) {
  const std::optional<DiscoveryKind> kind = KindOf(record[2]);
  std::optional<std::string> nqn = ReadText(record, kNqn);
  if (!kind.has_value() || !nqn.has_value() || !absl::StartsWith(*nqn, "nqn.")) return std::nullopt;
  return DiscoveryEntry{*kind, *std::move(nqn), ReadPortal(record)};
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

DiscoveryLog ParseDiscoveryRecords(absl::Span<const std::uint8_t> bytes) {
  DiscoveryLog log;
  for (std::size_t at = 0; at < bytes.size(); at += kDiscoveryRecordBytes) {
    std::optional<DiscoveryEntry> entry = ReadEntry(bytes.subspan(at, kDiscoveryRecordBytes));
    if (entry.has_value()) log.entries.push_back(*std::move(entry));
  }
  return log;
}

}  // namespace nvmeof::nvme
