#include "base/log_line.h"

#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"

#include "base/json.h"

namespace nvmeof::base {
namespace {

// The shortest form that reads back the same; neither depends on the locale.
std::string Number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), end.ptr);
}

std::string TextValue(const std::string& value) {
  std::string quoted = QuoteJson(value);
  // Escapes and replacements are longer than what they stand for.
  const bool escaped = quoted.size() != value.size() + 2;
  if (escaped || value.empty() || value.find_first_of(" =") != std::string::npos) return quoted;
  return value;
}
std::string TextValue(std::int64_t value) { return absl::StrCat(value); }
std::string TextValue(double value) { return Number(value); }
std::string TextValue(bool value) { return value ? "true" : "false"; }

std::string JsonValue(const std::string& value) { return QuoteJson(value); }
std::string JsonValue(std::int64_t value) { return absl::StrCat(value); }
std::string JsonValue(double value) { return std::isfinite(value) ? Number(value) : "null"; }
std::string JsonValue(bool value) { return value ? "true" : "false"; }

}  // namespace

std::string FormatText(absl::string_view event, const std::vector<LogField>& fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    const auto text = [](const auto& value) { return TextValue(value); };
    absl::StrAppend(&line, " ", field.key, "=", std::visit(text, field.value));
  }
  return line;
}

std::string FormatJson(absl::string_view level, absl::string_view time, absl::string_view event,
                       const std::vector<LogField>& fields) {
  std::string line = absl::StrCat("{\"time\":", QuoteJson(time), ",\"level\":", QuoteJson(level),
                                  ",\"event\":", QuoteJson(event));
  for (const LogField& field : fields) {
    const auto json = [](const auto& value) { return JsonValue(value); };
    absl::StrAppend(&line, ",", QuoteJson(field.key), ":", std::visit(json, field.value));
  }
  line += '}';
  return line;
}

}  // namespace nvmeof::base
