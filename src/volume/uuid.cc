#include "volume/uuid.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "base/json.h"

namespace nvmeof::volume {
namespace {

constexpr std::size_t kHexDigits = 32;
// The groups of the dashed form.
constexpr std::array<std::size_t, 5> kGroups = {8, 4, 4, 4, 12};

// The digits without dashes; empty when the dashes stand elsewhere than they should.
std::string WithoutDashes(absl::string_view text) {
  const std::vector<absl::string_view> groups = absl::StrSplit(text, '-');
  const bool dashed =
      std::equal(groups.begin(), groups.end(), kGroups.begin(), kGroups.end(),
                 [](absl::string_view group, std::size_t size) { return group.size() == size; });
  return dashed || groups.size() == 1 ? absl::StrJoin(groups, "") : "";
}

bool IsHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

absl::StatusOr<Uuid> Uuid::Parse(absl::string_view text) {
  const std::string digits = WithoutDashes(text);
  if (digits.size() != kHexDigits || !IsHex(digits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("UUID ", base::QuoteJson(text),
                     " is not allowed: the form is 32 hex digits, or 8-4-4-4-12 with dashes"));
  }
  const std::string raw = absl::HexStringToBytes(digits);
  std::array<std::uint8_t, 16> bytes{};
  std::copy(raw.begin(), raw.end(), bytes.begin());
  if (bytes == std::array<std::uint8_t, 16>{}) {
    return absl::InvalidArgumentError(
        absl::StrCat("UUID ", base::QuoteJson(text), " is not allowed: it names nothing"));
  }
  return Uuid(bytes);
}

Uuid Uuid::Random() {
  std::array<std::uint8_t, 16> bytes{};
  // Up to 256 bytes come whole (random(4)); only a signal before the generator is ready, early in
  // the machine's boot, can interrupt.
  while (::getrandom(bytes.data(), bytes.size(), 0) < 0 && errno == EINTR) {
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);  // version 4: random
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);  // the variant of RFC 9562
  return Uuid(bytes);
}

std::string Uuid::Hex() const {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size()));
}

std::string Uuid::Dashed() const {
  const std::string hex = Hex();
  std::vector<absl::string_view> groups;
  absl::string_view rest = hex;
  for (const std::size_t size : kGroups) {
    groups.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return absl::StrJoin(groups, "-");
}

}  // namespace nvmeof::volume
