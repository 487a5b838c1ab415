#include "volume/pool_place.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nvmeof::volume {
namespace {

// LVM allows 127 bytes for a volume group and a logical volume together; the volumes' own names
// take 39 of them.
constexpr std::size_t kLongestName = 80;

// What LVM allows (lvm(8), "VALID NAMES"), so that a name is never taken for a flag, a tag or a
// path.
bool IsLvmName(absl::string_view name) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("+_.-", absl::string_view(&c, 1));
  };
  return !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
         name.front() != '-' && absl::c_all_of(name, allowed);
}

}  // namespace

absl::StatusOr<PoolPlace> ParsePoolPlace(absl::string_view text) {
  if (absl::StartsWith(text, "/")) return FolderPool{std::string(text)};
  if (absl::ConsumePrefix(&text, "lvm:")) {
    const std::vector<std::string> names = absl::StrSplit(text, '/');
    if (names.size() == 2 && absl::c_all_of(names, IsLvmName)) {
      return LvmThinPool{.volume_group = names[0], .name = names[1]};
    }
  }
  return absl::InvalidArgumentError(
      "must be an absolute path, or lvm:VG/POOL for an LVM thin pool, with names of at most 80 of "
      "the characters a-z, A-Z, 0-9, +, _, . and -");
}

}  // namespace nvmeof::volume
