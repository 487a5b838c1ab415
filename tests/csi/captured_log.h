// CapturedLog: the lines that an edge logs, as text, for a test to look at.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "csi/rpc.h"

namespace nvmeof::testing {

// Internally synchronised. A line is "<level> <event> key=value ...".
class CapturedLog {
 public:
  csi::LogSink sink() {
    return [this](base::Level level, absl::string_view event,
                  const std::vector<base::LogField>& fields) {
      std::string line = absl::StrCat(Name(level), " ", event);
      for (const base::LogField& field : fields) {
        absl::StrAppend(&line, " ", field.key, "=", Text(field));
      }
      const absl::MutexLock lock(&mutex_);
      lines_.push_back(std::move(line));
    };
  }

  std::vector<std::string> lines() const {
    const absl::MutexLock lock(&mutex_);
    return lines_;
  }

 private:
  static std::string Name(base::Level level) {
    switch (level) {
      case base::Level::kDebug:
        return "debug";
      case base::Level::kInfo:
        return "info";
      case base::Level::kWarning:
        return "warning";
      case base::Level::kError:
        return "error";
    }
    return "?";
  }

  static std::string Text(const base::LogField& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) return *text;
    if (const auto* number = std::get_if<double>(&field.value)) return absl::StrCat(*number);
    return "?";
  }

  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nvmeof::testing
