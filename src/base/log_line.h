// LogLine: how an event is written. Pure; base/log prints the result.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace nvmeof::base {

struct LogField {
  absl::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
};

// "<event> key=value ...". A value that is empty or holds blanks, quotes, "=", or anything that a
// terminal or a line reader would act on is written as QuoteJson writes it.
[[nodiscard]] std::string FormatText(absl::string_view event, const std::vector<LogField>& fields);

// One JSON object without a line break: time, level, event, then the fields. A number that JSON
// cannot spell (infinite, not a number) is null.
[[nodiscard]] std::string FormatJson(absl::string_view level, absl::string_view time,
                                     absl::string_view event, const std::vector<LogField>& fields);

}  // namespace nvmeof::base
