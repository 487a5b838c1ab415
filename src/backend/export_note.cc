#include "backend/export_note.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "backend/words.h"

namespace nvmeof::backend {
namespace {

constexpr absl::string_view kNotePrefix = "nqn.2026-01.dev.nvmeof:export:";
constexpr absl::string_view kSingle = "single";
constexpr absl::string_view kMulti = "multi";

}  // namespace

std::string FormatExportNote(const ExportNote& note) {
  return absl::StrCat(kNotePrefix, BareDigestOf(note.host), ":",
                      note.mode == ExportMode::kSingleNode ? kSingle : kMulti, ":",
                      BareDigestOf(note.fingerprint));
}

std::optional<ExportNote> ParseExportNote(absl::string_view nqn) {
  if (!absl::ConsumePrefix(&nqn, kNotePrefix)) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(nqn, ':');
  if (parts.size() != 3 || (parts[1] != kSingle && parts[1] != kMulti)) return std::nullopt;
  std::optional<std::string> host = MarkedDigest(parts[0]);
  std::optional<std::string> fingerprint = MarkedDigest(parts[2]);
  if (!host.has_value() || !fingerprint.has_value()) return std::nullopt;
  return ExportNote{*std::move(host),
                    parts[1] == kSingle ? ExportMode::kSingleNode : ExportMode::kMultiNode,
                    *std::move(fingerprint)};
}

}  // namespace nvmeof::backend
