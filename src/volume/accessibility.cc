#include "volume/accessibility.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace nvmeof::volume {
namespace {

constexpr std::size_t kLongestPart = 63;

}  // namespace

bool Reaches(const Segments& nodes, const Segments& place) {
  return absl::c_all_of(place, [&](const auto& segment) {
    const auto theirs = nodes.find(segment.first);
    return theirs != nodes.end() && theirs->second == segment.second;
  });
}

bool IsAccessible(const Segments& place, const AccessibilityRequirement& wanted) {
  return wanted.requisite.empty() || absl::c_any_of(wanted.requisite, [&](const Segments& nodes) {
           return Reaches(nodes, place);
         });
}

std::size_t PreferenceOf(const Segments& place, const AccessibilityRequirement& wanted) {
  const auto best = absl::c_find_if(wanted.preferred,
                                    [&](const Segments& nodes) { return Reaches(nodes, place); });
  return static_cast<std::size_t>(best - wanted.preferred.begin());
}

std::string DescribeSegments(const Segments& segments) {
  return absl::StrCat("{", absl::StrJoin(segments, ", ", absl::PairFormatter("=")), "}");
}

std::string DescribeAlternatives(const std::vector<Segments>& alternatives) {
  return absl::StrJoin(alternatives, " or ", [](std::string* out, const Segments& each) {
    absl::StrAppend(out, DescribeSegments(each));
  });
}

bool IsSegmentValue(absl::string_view text) {
  const auto is_inner = [](char letter) {
    return absl::ascii_isalnum(static_cast<unsigned char>(letter)) || letter == '-' ||
           letter == '_' || letter == '.';
  };
  return !text.empty() && text.size() <= kLongestPart && absl::c_all_of(text, is_inner) &&
         absl::ascii_isalnum(static_cast<unsigned char>(text.front())) &&
         absl::ascii_isalnum(static_cast<unsigned char>(text.back()));
}

bool IsSegmentKey(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('/', 1));
  if (text.find('/') == absl::string_view::npos) return IsSegmentValue(text);
  return IsSegmentValue(parts.first) && IsSegmentValue(parts.second);
}

}  // namespace nvmeof::volume
