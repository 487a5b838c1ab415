#include "backend/http/http_endpoint.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"

namespace nvmeof::backend {
namespace {

constexpr std::size_t kLongestPort = 5;
constexpr std::size_t kKeyBytes = 32;

bool IsAuthority(absl::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != absl::string_view::npos && (bracket == absl::string_view::npos || colon > bracket)) {
    const absl::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > kLongestPort ||
        !std::all_of(port.begin(), port.end(), absl::ascii_isdigit)) {
      return false;
    }
    text = text.substr(0, colon);
  }
  if (absl::ConsumePrefix(&text, "[")) {
    return absl::ConsumeSuffix(&text, "]") && !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char letter) {
             return absl::ascii_isxdigit(letter) || letter == ':' || letter == '.';
           });
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    return absl::ascii_isalnum(letter) || letter == '.' || letter == '-' || letter == '_';
  });
}

}  // namespace

bool IsHttpUrl(absl::string_view text, bool require_tls) {
  if (!absl::ConsumePrefix(&text, "https://") &&
      (require_tls || !absl::ConsumePrefix(&text, "http://"))) {
    return false;
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  const absl::string_view path = text.substr(slash);
  return IsAuthority(text.substr(0, slash)) && (path.empty() || path.back() != '/') &&
         std::all_of(path.begin(), path.end(), [](unsigned char letter) {
           return absl::ascii_isalnum(letter) ||
                  absl::string_view("/._-").find(static_cast<char>(letter)) !=
                      absl::string_view::npos;
         });
}

bool IsPinnedKey(absl::string_view text) {
  std::string key;
  return absl::ConsumePrefix(&text, "sha256//") && absl::Base64Unescape(text, &key) &&
         key.size() == kKeyBytes;
}

}  // namespace nvmeof::backend
