#include "backend/routeros/routeros_disk.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace nvmeof::backend {

absl::StatusOr<std::optional<RouterosDisk>> DecodeDisk(const RouterosItem& item) {
  const std::optional<volume::Uuid> volume = ParseSlot(ValueOf(item, "slot"));
  if (!volume.has_value()) return std::nullopt;
  std::optional<DiskFile> file = ParseDiskFile(ValueOf(item, "file-path"));
  if (ValueOf(item, "type") != "file" || !file.has_value() || file->volume != *volume) {
    return absl::FailedPreconditionError(absl::StrCat(
        "somebody else made or changed the disk ", ValueOf(item, "slot"), ": its type is '",
        ValueOf(item, "type"), "', its file-path '", ValueOf(item, "file-path"), "'"));
  }
  RouterosDisk disk = {.volume = *volume,
                       .name = std::move(file->name),
                       .comment = ValueOf(item, "comment"),
                       .size_bytes = 0,
                       .exported = IsTrue(item, "nvme-tcp-export"),
                       .allowed = ValueOf(item, "nvme-tcp-server-allow-host-name"),
                       .nqn = ValueOf(item, "nvme-tcp-server-nqn"),
                       .port = ValueOf(item, "nvme-tcp-server-port")};
  const std::string size = ValueOf(item, "size");
  if (size.empty() || absl::SimpleAtoi(size, &disk.size_bytes)) return disk;
  return absl::InternalError(
      absl::StrCat("the size of the disk ", ValueOf(item, "slot"), " is '", size, "'"));
}

absl::StatusOr<DiskComment> CommentOf(const RouterosDisk& disk) {
  std::optional<DiskComment> comment = ParseDiskComment(disk.comment);
  if (comment.has_value()) return *std::move(comment);
  return absl::FailedPreconditionError(
      absl::StrCat("the comment of the disk ", FormatSlot(disk.volume), " is '", disk.comment,
                   "': somebody changed it, or the disk was never finished"));
}

bool IsHalfMade(const RouterosDisk& disk) {
  const bool unused = !disk.exported && (disk.allowed.empty() || disk.allowed == kNobodyNqn);
  return unused && (disk.comment.empty() ||
                    (disk.size_bytes == 0 && ParseDiskComment(disk.comment).has_value()));
}

absl::StatusOr<std::vector<Export>> ExportsOf(const RouterosDisk& disk) {
  if (!disk.exported || disk.allowed == kNobodyNqn) return std::vector<Export>{};
  absl::StatusOr<volume::Nqn> host = volume::Nqn::Parse(disk.allowed);
  if (!host.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("somebody exported the disk ", FormatSlot(disk.volume), " to ",
                     disk.allowed.empty() ? "any host" : disk.allowed));
  }
  // A host that somebody else let in has no note.
  Export present = {*std::move(host), ExportMode::kSingleNode, ""};
  const std::optional<DiskComment> comment = ParseDiskComment(disk.comment);
  if (comment.has_value() && comment->how.has_value()) {
    present.fingerprint = *comment->how;
  }
  return std::vector<Export>{std::move(present)};
}

}  // namespace nvmeof::backend
