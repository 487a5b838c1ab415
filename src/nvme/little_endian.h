// Numbers in the byte order of NVMe: little endian, at any offset. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "absl/types/span.h"

namespace nvmeof::nvme {

// REQUIRES: the number lies within the bytes.
template <typename Number>
[[nodiscard]] Number ReadLittleEndian(absl::Span<const std::uint8_t> from, std::size_t offset) {
  static_assert(std::is_unsigned_v<Number>);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number |= std::uint64_t{from[offset + i]} << (8 * i);
  }
  return static_cast<Number>(number);
}

// REQUIRES: the number lies within the bytes.
template <typename Number>
void WriteLittleEndian(absl::Span<std::uint8_t> to, std::size_t offset, Number number) {
  static_assert(std::is_unsigned_v<Number>);
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    to[offset + i] = static_cast<std::uint8_t>(std::uint64_t{number} >> (8 * i));
  }
}

}  // namespace nvmeof::nvme
