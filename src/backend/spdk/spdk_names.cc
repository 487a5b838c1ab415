#include "backend/spdk/spdk_names.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

constexpr absl::string_view kLvolPrefix = "nvmeof-";

}  // namespace

std::string FormatLvolName(const LvolName& name) {
  return absl::StrCat(kLvolPrefix, BareDigestOf(name.name), "-", BareDigestOf(name.fingerprint));
}

std::optional<LvolName> ParseLvolName(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kLvolPrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() != 2) return std::nullopt;
  std::optional<std::string> name = MarkedDigest(parts[0]);
  std::optional<std::string> fingerprint = MarkedDigest(parts[1]);
  if (!name.has_value() || !fingerprint.has_value()) return std::nullopt;
  return LvolName{*std::move(name), *std::move(fingerprint)};
}

}  // namespace nvmeof::backend
