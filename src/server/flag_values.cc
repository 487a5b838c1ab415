#include "server/flag_values.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::server {
namespace {

bool IsDriverName(const std::string& text) {
  const auto inner = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
  };
  const auto edge = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); };
  return !text.empty() && text.size() <= 63 && absl::c_all_of(text, inner) && edge(text.front()) &&
         edge(text.back());
}

bool IsNumber(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  return !text.empty() && absl::c_all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Store Text(std::string& value) {
  return [&value](const std::string& text) {
    if (text.empty()) return absl::InvalidArgumentError("must not be empty");
    value = text;
    return absl::OkStatus();
  };
}

Store AbsolutePath(std::string& value) {
  return [&value](const std::string& text) {
    if (!absl::StartsWith(text, "/")) return absl::InvalidArgumentError("must be an absolute path");
    value = text;
    return absl::OkStatus();
  };
}

Store WholeNumber(int& value, int minimum, int maximum) {
  return [&value, minimum, maximum](const std::string& text) {
    int number = 0;
    if (!IsNumber(text) || !absl::SimpleAtoi(text, &number) || number < minimum ||
        number > maximum) {
      return absl::InvalidArgumentError(
          absl::StrCat("must be a whole number from ", minimum, " to ", maximum));
    }
    value = number;
    return absl::OkStatus();
  };
}

Store DriverName(std::string& value) {
  return [&value](const std::string& text) {
    if (!IsDriverName(text)) {
      return absl::InvalidArgumentError(
          "must be 1 to 63 letters, digits, dashes and dots, with a letter or digit at both ends");
    }
    value = text;
    return absl::OkStatus();
  };
}

Store NodeLabel(volume::Segments& labels) {
  return [&labels](const std::string& text) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(text, absl::MaxSplits('=', 1));
    const auto [label, value] = parts;
    if (!absl::StrContains(text, '=') || !volume::IsSegmentKey(label)) {
      return absl::InvalidArgumentError(
          absl::StrCat("must be LABEL=VALUE, LABEL ", volume::kSegmentKeyForm));
    }
    if (value.empty()) return absl::OkStatus();
    if (!volume::IsSegmentValue(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("must be LABEL=VALUE, VALUE ", volume::kSegmentValueForm));
    }
    if (!labels.emplace(label, value).second) {
      return absl::InvalidArgumentError(absl::StrCat("must not give ", label, " twice"));
    }
    return absl::OkStatus();
  };
}

Store OrNothing(Store store) {
  return [store = std::move(store)](const std::string& text) {
    return text.empty() ? absl::OkStatus() : store(text);
  };
}

}  // namespace nvmeof::server
