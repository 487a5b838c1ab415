#include "backend/routeros/routeros_names.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

constexpr absl::string_view kPrefix = "nvmeof-";
constexpr absl::string_view kSuffix = ".img";
constexpr absl::string_view kCommentPrefix = "nvmeof-csi ";

std::optional<volume::Uuid> ParseHex(absl::string_view hex) {
  const absl::StatusOr<volume::Uuid> uuid = volume::Uuid::Parse(hex);
  if (!uuid.ok() || uuid->Hex() != hex) return std::nullopt;
  return *uuid;
}

}  // namespace

std::string FormatSlot(const volume::Uuid& volume) { return absl::StrCat(kPrefix, volume.Hex()); }

std::optional<volume::Uuid> ParseSlot(absl::string_view slot) {
  if (!absl::ConsumePrefix(&slot, kPrefix)) return std::nullopt;
  return ParseHex(slot);
}

std::string UsualNqn(const volume::Uuid& volume) {
  return absl::StrCat("nqn.2000-02.com.mikrotik:", FormatSlot(volume));
}

std::string FormatDiskFile(const DiskFile& file) {
  return absl::StrCat(kPrefix, BareDigestOf(file.name), "-", file.volume.Hex(), kSuffix);
}

std::optional<DiskFile> ParseDiskFile(absl::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  if (!absl::ConsumePrefix(&path, kPrefix) || !absl::ConsumeSuffix(&path, kSuffix)) {
    return std::nullopt;
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '-');
  if (parts.size() != 2) return std::nullopt;
  std::optional<std::string> name = MarkedDigest(parts[0]);
  const std::optional<volume::Uuid> volume = ParseHex(parts[1]);
  if (!name.has_value() || !volume.has_value()) return std::nullopt;
  return DiskFile{*std::move(name), *volume};
}

std::string FormatDiskComment(const DiskComment& comment) {
  std::string text = absl::StrCat(kCommentPrefix, BareDigestOf(comment.fingerprint));
  if (comment.how.has_value()) absl::StrAppend(&text, " ", BareDigestOf(*comment.how));
  return text;
}

std::optional<DiskComment> ParseDiskComment(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kCommentPrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  std::optional<std::string> fingerprint = MarkedDigest(parts[0]);
  if (!fingerprint.has_value() || parts.size() > 2) return std::nullopt;
  DiskComment comment{*std::move(fingerprint), std::nullopt};
  if (parts.size() == 1) return comment;
  comment.how = MarkedDigest(parts[1]);
  if (!comment.how.has_value()) return std::nullopt;
  return comment;
}

}  // namespace nvmeof::backend
