// DirectBlock: what a file opened with O_DIRECT takes at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nvmeof::testing {

inline constexpr std::size_t kDirectBlockBytes = 4096;

struct alignas(kDirectBlockBytes) DirectBlock {
  std::array<std::uint64_t, kDirectBlockBytes / sizeof(std::uint64_t)> words{};
};

}  // namespace nvmeof::testing
