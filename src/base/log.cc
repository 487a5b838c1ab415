#include "base/log.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace nvmeof::base {
namespace {

struct Names {
  spdlog::level::level_enum level;
  absl::string_view text;
  absl::string_view json;
};

Names NamesOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return {spdlog::level::debug, "DEBUG", "debug"};
    case Level::kInfo:
      return {spdlog::level::info, "INFO", "info"};
    case Level::kWarning:
      return {spdlog::level::warn, "WARNING", "warning"};
    case Level::kError:
      break;
  }
  return {spdlog::level::err, "ERROR", "error"};
}

std::atomic<LogFormat> log_format = LogFormat::kText;

// spdlog gives us the level check and whole lines from several threads; the line is ours.
spdlog::logger& Logger() {
  static spdlog::logger& logger = *[] {
    // Never destroyed: a worker may log while the process ends.
    auto* made = new spdlog::logger("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    return made;
  }();
  return logger;
}

}  // namespace

void StartLog(Level level, LogFormat format) {
  Logger().set_level(NamesOf(level).level);
  log_format = format;
}

void Log(Level level, absl::string_view event, const std::vector<LogField>& fields) {
  const Names names = NamesOf(level);
  if (!Logger().should_log(names.level)) return;
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  const std::string line =
      log_format == LogFormat::kJson
          ? FormatJson(names.json, time, event, fields)
          : absl::StrCat(time, " ", names.text, " ", FormatText(event, fields));
  Logger().log(names.level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace nvmeof::base
