// Accessibility: from which nodes of a cluster a volume is reached, and from which it is wanted
// (CSI specification, Topology and TopologyRequirement). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "volume/parameters.h"

namespace nvmeof::volume {

// Nodes by what they are labelled with: all of it, such as {topology.kubernetes.io/zone: a}. Of a
// place where volumes live: the nodes that reach it; empty = all nodes.
using Segments = StringMap;

struct AccessibilityRequirement {
  std::vector<Segments> requisite = {};  // from one of them at least; empty = from anywhere
  std::vector<Segments> preferred = {};  // the best first

  friend bool operator==(const AccessibilityRequirement&,
                         const AccessibilityRequirement&) = default;
};

// Whether nodes with these segments reach a place. A node that does not tell a segment of the place
// does not.
[[nodiscard]] bool Reaches(const Segments& nodes, const Segments& place);

[[nodiscard]] bool IsAccessible(const Segments& place, const AccessibilityRequirement& wanted);

// 0 = preferred most; as many as there are preferred ones = not at all.
[[nodiscard]] std::size_t PreferenceOf(const Segments& place,
                                       const AccessibilityRequirement& wanted);

// "{a=1, b=2}".
[[nodiscard]] std::string DescribeSegments(const Segments& segments);
// "{a=1} or {a=2}".
[[nodiscard]] std::string DescribeAlternatives(const std::vector<Segments>& alternatives);

// What the CSI specification allows: a name of at most 63 bytes, which may follow a prefix of at
// most 63 and '/'; a value of at most 63 bytes. Kubernetes' labels have the same form.
inline constexpr char kSegmentKeyForm[] =
    "[PREFIX/]NAME, each 1 to 63 of a-z, A-Z, 0-9 and inner - _ .";
inline constexpr char kSegmentValueForm[] = "1 to 63 of a-z, A-Z, 0-9 and inner - _ .";
[[nodiscard]] bool IsSegmentKey(absl::string_view text);
[[nodiscard]] bool IsSegmentValue(absl::string_view text);

}  // namespace nvmeof::volume
