// Log: what the program tells its operator. One line per event with stable keys: text for people,
// JSON for machines. spdlog is behind it, in log.cc only; base/log_line says how a line looks.
//
//   Log(Level::kInfo, "connected", {{"nqn", nqn}, {"controller", "nvme3"}, {"ms", 41}});
#pragma once

#include <vector>

#include "absl/strings/string_view.h"

#include "base/log_line.h"

namespace nvmeof::base {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Call once, before other threads exist. Without it: info and text.
void StartLog(Level level, LogFormat format);

// Safe to use from several threads; `event` is a literal. Lines go to standard error, one write
// each. Text: `<time> <LEVEL> <event> key=value ...`. Times are UTC with milliseconds.
void Log(Level level, absl::string_view event, const std::vector<LogField>& fields = {});

}  // namespace nvmeof::base
