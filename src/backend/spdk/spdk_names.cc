#include "backend/spdk/spdk_names.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

constexpr absl::string_view kLvolPrefix = "nvmeof-";
constexpr absl::string_view kNotePrefix = "nqn.2026-01.dev.nvmeof:export:";
constexpr absl::string_view kSingle = "single";
constexpr absl::string_view kMulti = "multi";

// A digest in a name has no mark.
std::string Bare(absl::string_view words) { return DigestOf(words).substr(1); }

std::optional<std::string> Marked(absl::string_view bare) {
  std::string digest = absl::StrCat("#", bare);
  if (!IsDigest(digest)) return std::nullopt;
  return digest;
}

}  // namespace

std::string FormatLvolName(const LvolName& name) {
  return absl::StrCat(kLvolPrefix, Bare(name.name), "-", Bare(name.fingerprint));
}

std::optional<LvolName> ParseLvolName(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kLvolPrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() != 2) return std::nullopt;
  std::optional<std::string> name = Marked(parts[0]);
  std::optional<std::string> fingerprint = Marked(parts[1]);
  if (!name.has_value() || !fingerprint.has_value()) return std::nullopt;
  return LvolName{*std::move(name), *std::move(fingerprint)};
}

std::string FormatExportNote(const ExportNote& note) {
  return absl::StrCat(kNotePrefix, Bare(note.host), ":",
                      note.mode == ExportMode::kSingleNode ? kSingle : kMulti, ":",
                      Bare(note.fingerprint));
}

std::optional<ExportNote> ParseExportNote(absl::string_view nqn) {
  if (!absl::ConsumePrefix(&nqn, kNotePrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(nqn, ':');
  if (parts.size() != 3 || (parts[1] != kSingle && parts[1] != kMulti)) return std::nullopt;
  std::optional<std::string> host = Marked(parts[0]);
  std::optional<std::string> fingerprint = Marked(parts[2]);
  if (!host.has_value() || !fingerprint.has_value()) return std::nullopt;
  return ExportNote{*std::move(host),
                    parts[1] == kSingle ? ExportMode::kSingleNode : ExportMode::kMultiNode,
                    *std::move(fingerprint)};
}

}  // namespace nvmeof::backend
