// Log: what the program tells its operator. One line per event with stable keys: text for people,
// JSON for machines. spdlog is behind it, in log.cc only.
//
//   Log(Level::kInfo, "connected", {{"nqn", nqn}, {"controller", "nvme3"}, {"ms", 41}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace nvmeof::base {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  absl::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
};

// Call once, before other threads exist. Lines go to standard error.
void StartLog(Level level, LogFormat format);

// Safe to use from several threads. Text: `<time> <LEVEL> <event> key=value ...`, values quoted
// when they hold blanks, quotes or control characters. JSON: one object a line with time, level,
// event and the fields.
void Log(Level level, absl::string_view event, const std::vector<LogField>& fields = {});

// The line without time and level: what Log prints of it. For tests and for the formats' one truth.
std::string FormatText(absl::string_view event, const std::vector<LogField>& fields);
std::string FormatJson(absl::string_view level, absl::string_view time, absl::string_view event,
                       const std::vector<LogField>& fields);

}  // namespace nvmeof::base
