// The size that a volume gets from what was asked for.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace nvmeof::volume {

// 0 means "not given", as on the wire.
struct SizeRange {
  std::int64_t required_bytes = 0;
  std::int64_t limit_bytes = 0;
};

struct SizeRules {
  std::int64_t granularity_bytes = 4096;
  std::int64_t minimum_bytes = 1 << 20;
  std::int64_t maximum_bytes = std::int64_t{1} << 50;
  std::int64_t default_bytes = std::int64_t{1} << 30;
};

// The smallest multiple of the granularity that is at least what is required and the minimum. When
// nothing is required: the default, or the largest size below it that a limit leaves. OutOfRange
// when there is none: required over limit, over the maximum, the limit under the minimum, or
// rounding would pass the limit. InvalidArgument for negative values.
[[nodiscard]] absl::StatusOr<std::int64_t> ChooseSize(const SizeRange& range,
                                                      const SizeRules& rules);

// True when a volume of `size_bytes` meets the range: what a repeated CreateVolume asks.
[[nodiscard]] bool Fits(std::int64_t size_bytes, const SizeRange& range);

}  // namespace nvmeof::volume
