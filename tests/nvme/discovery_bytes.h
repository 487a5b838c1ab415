// A discovery log's bytes, made by hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nvme/discovery_log.h"
#include "nvme/little_endian.h"

namespace nvmeof::testing {

struct DiscoveryRecord {
  std::uint8_t transport = 3;
  std::uint8_t family = 1;
  std::uint8_t subtype = 2;
  std::string service = "4420";
  std::string nqn = "nqn.2026-01.dev.nvmeof:a";
  std::string address = "192.0.2.1";
};

inline std::vector<std::uint8_t> Bytes(const DiscoveryRecord& record) {
  std::vector<std::uint8_t> bytes(nvme::kDiscoveryRecordBytes);
  bytes[0] = record.transport;
  bytes[1] = record.family;
  bytes[2] = record.subtype;
  std::copy(record.service.begin(), record.service.end(), bytes.begin() + 32);
  std::copy(record.nqn.begin(), record.nqn.end(), bytes.begin() + 256);
  std::copy(record.address.begin(), record.address.end(), bytes.begin() + 512);
  return bytes;
}

// The header and its records.
inline std::vector<std::uint8_t> LogBytes(std::uint64_t generation,
                                          const std::vector<DiscoveryRecord>& records) {
  std::vector<std::uint8_t> bytes(nvme::kDiscoveryRecordBytes);
  nvme::WriteLittleEndian(absl::MakeSpan(bytes), 0, generation);
  nvme::WriteLittleEndian(absl::MakeSpan(bytes), 8, std::uint64_t{records.size()});
  for (const DiscoveryRecord& each : records) {
    const std::vector<std::uint8_t> record = Bytes(each);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  return bytes;
}

}  // namespace nvmeof::testing
