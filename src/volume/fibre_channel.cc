#include "volume/fibre_channel.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "base/json.h"

namespace nvmeof::volume {
namespace {

constexpr absl::string_view kNodeName = "nn-";
constexpr absl::string_view kPortName = "pn-";
constexpr std::size_t kDigits = 16;

// The digits of a world wide name; empty when it is none.
std::string Digits(absl::string_view text, absl::string_view prefix) {
  if (!absl::ConsumePrefix(&text, prefix)) return "";
  if (!absl::ConsumePrefix(&text, "0x")) absl::ConsumePrefix(&text, "0X");
  const bool digits = text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
                        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                      });
  if (!digits || text == std::string(kDigits, '0')) return "";
  return absl::AsciiStrToLower(text);
}

}  // namespace

bool IsFibreChannel(absl::string_view address) { return absl::StartsWith(address, kNodeName); }

absl::StatusOr<std::string> CanonicalFibreChannel(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> names =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  const std::string node = Digits(names.first, kNodeName);
  const std::string port = Digits(names.second, kPortName);
  if (node.empty() || port.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", base::QuoteJson(text),
                     " is not allowed: a Fibre Channel port is nn-0x<16 hex digits>:pn-0x<16 hex "
                     "digits>, neither of them zero"));
  }
  return absl::StrCat(kNodeName, "0x", node, ":", kPortName, "0x", port);
}

}  // namespace nvmeof::volume
