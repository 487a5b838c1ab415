// DiscoveryLog: what a discovery controller tells of the subsystems that it knows and of other
// discovery controllers: log page 0x70 of NVMe over Fabrics. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "volume/path.h"

namespace nvmeof::nvme {

// Every discovery controller answers to it.
inline constexpr absl::string_view kDiscoveryNqn = "nqn.2014-08.org.nvmexpress.discovery";

// Of the header, and of each record behind it.
inline constexpr std::size_t kDiscoveryRecordBytes = 1024;
// A log with more is not read: 8 MiB.
inline constexpr std::uint64_t kMostDiscoveryRecords = 8192;

struct DiscoveryHeader {
  std::uint64_t generation = 0;  // another one after each change of the log
  std::uint64_t records = 0;

  friend bool operator==(const DiscoveryHeader&, const DiscoveryHeader&) = default;
};

enum class DiscoveryKind {
  kSubsystem,
  kReferral,  // another discovery controller
  kItself,    // a way to the one that tells
};

struct DiscoveryEntry {
  DiscoveryKind kind = DiscoveryKind::kSubsystem;
  std::string nqn;
  // Nothing for another transport than TCP, and for an address that no volume could name.
  std::optional<volume::Portal> portal;

  friend bool operator==(const DiscoveryEntry&, const DiscoveryEntry&) = default;
};

struct DiscoveryLog {
  std::vector<DiscoveryEntry> entries;  // in the controller's order

  friend bool operator==(const DiscoveryLog&, const DiscoveryLog&) = default;
};

// DataLoss for another format of records than the one there is; ResourceExhausted for more than
// kMostDiscoveryRecords. REQUIRES: kDiscoveryRecordBytes.
[[nodiscard]] absl::StatusOr<DiscoveryHeader> ParseDiscoveryHeader(
    absl::Span<const std::uint8_t> header);

// The records in `bytes`, without those of kinds that are not known and those that name no
// subsystem: one odd record hides no other, and whoever uses an entry finds out what is there.
// REQUIRES: a multiple of kDiscoveryRecordBytes.
[[nodiscard]] DiscoveryLog ParseDiscoveryRecords(absl::Span<const std::uint8_t> bytes);

}  // namespace nvmeof::nvme
