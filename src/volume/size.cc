#include "volume/size.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace nvmeof::volume {
namespace {

std::int64_t RoundDown(std::int64_t size, std::int64_t granularity) {
  return size - size % granularity;
}

// REQUIRES: size is far enough from the end of its type, as every allowed size is.
std::int64_t RoundUp(std::int64_t size, std::int64_t granularity) {
  return RoundDown(size + granularity - 1, granularity);
}

}  // namespace

absl::StatusOr<std::int64_t> ChooseSize(const SizeRange& range, const SizeRules& rules) {
  const auto [required, limit] = range;
  if (required < 0 || limit < 0) {
    return absl::InvalidArgumentError(absl::StrCat("capacity_range: required_bytes ", required,
                                                   " and limit_bytes ", limit,
                                                   " may not be negative"));
  }
  if (required > rules.maximum_bytes) {
    return absl::OutOfRangeError(absl::StrCat("capacity_range: required_bytes ", required,
                                              " is over the largest volume, ",
                                              rules.maximum_bytes));
  }
  std::int64_t size = RoundUp(std::max(required, rules.minimum_bytes), rules.granularity_bytes);
  if (required == 0) {
    const std::int64_t wish =
        limit == 0 ? rules.default_bytes : std::min(rules.default_bytes, limit);
    size = std::max(size, RoundDown(wish, rules.granularity_bytes));
  }
  if (size > rules.maximum_bytes || (limit != 0 && size > limit)) {
    return absl::OutOfRangeError(
        absl::StrCat("capacity_range: no size meets required_bytes ", required, " and limit_bytes ",
                     limit, ": sizes are multiples of ", rules.granularity_bytes, " from ",
                     rules.minimum_bytes, " to ", rules.maximum_bytes));
  }
  return size;
}

bool Fits(std::int64_t size_bytes, const SizeRange& range) {
  return size_bytes >= range.required_bytes &&
         (range.limit_bytes == 0 || size_bytes <= range.limit_bytes);
}

}  // namespace nvmeof::volume
