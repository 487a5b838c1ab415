#include "volume/nqn.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "base/json.h"

namespace nvmeof::volume {
namespace {

constexpr std::size_t kLongest = 222;

bool IsAllowed(char c) { return c > ' ' && c <= '~' && c != ',' && c != '/'; }

// "2014-08."
bool StartsWithMonth(absl::string_view text) {
  constexpr absl::string_view kShape = "dddd-dd.";
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == 'd' ? absl::ascii_isdigit(static_cast<unsigned char>(text[i]))
                                       : text[i] == kShape[i];
    if (!fits) return false;
  }
  const absl::string_view month = text.substr(5, 2);
  return month >= "01" && month <= "12";
}

bool IsDomainLabel(absl::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return c == '-' || absl::ascii_isalnum(static_cast<unsigned char>(c));
         });
}

bool IsDomain(absl::string_view text) {
  const std::vector<absl::string_view> labels = absl::StrSplit(text, '.');
  return std::all_of(labels.begin(), labels.end(), IsDomainLabel);
}

// Why the text is refused; empty when it is not.
absl::string_view Fault(absl::string_view text) {
  if (text.size() > kLongest) return "it may have at most 222 bytes";
  if (!std::all_of(text.begin(), text.end(), IsAllowed)) {
    return "allowed is printable ASCII without blanks, commas and slashes";
  }
  constexpr absl::string_view kForm = "the form is nqn.<yyyy-mm>.<reversed domain>[:<name>]";
  constexpr absl::string_view kPrefix = "nqn.";
  constexpr std::size_t kMonth = 8;
  if (!absl::StartsWith(text, kPrefix)) return kForm;
  text.remove_prefix(kPrefix.size());
  if (!StartsWithMonth(text)) return kForm;
  text.remove_prefix(kMonth);
  const std::size_t colon = text.find(':');
  if (colon != absl::string_view::npos && colon + 1 == text.size()) return kForm;
  return IsDomain(text.substr(0, colon)) ? "" : kForm;
}

}  // namespace

absl::StatusOr<Nqn> Nqn::Parse(absl::string_view text) {
  const absl::string_view fault = Fault(text);
  if (!fault.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("NQN ", base::QuoteJson(text), " is not allowed: ", fault));
  }
  return Nqn(std::string(text));
}

Nqn NqnOfVolume(const Uuid& volume) {
  return *Nqn::Parse(absl::StrCat("nqn.2026-01.dev.nvmeof:", volume.Hex()));
}

}  // namespace nvmeof::volume
