#include "volume/volume_id.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "base/json.h"

namespace nvmeof::volume {
namespace {

constexpr std::size_t kLongestPlaceName = 40;
constexpr std::size_t kLongestHandle = 46;

bool IsLowerOrDigit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_islower(byte) || absl::ascii_isdigit(byte);
}

bool IsHandle(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestHandle &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

}  // namespace

bool IsPlaceName(absl::string_view name) {
  return !name.empty() && name.size() <= kLongestPlaceName && IsLowerOrDigit(name.front()) &&
         IsLowerOrDigit(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

absl::StatusOr<VolumeId> ParseVolumeId(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() != 3 || !IsPlaceName(parts[0]) || !IsPlaceName(parts[1]) ||
      !IsHandle(parts[2])) {
    return absl::NotFoundError(absl::StrCat("volume ", base::QuoteJson(text),
                                            " does not exist: this driver's ids are ",
                                            "<backend>:<place>:<handle>"));
  }
  return VolumeId{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

std::string FormatVolumeId(const VolumeId& id) {
  return absl::StrCat(id.backend, ":", id.place, ":", id.handle);
}

}  // namespace nvmeof::volume
