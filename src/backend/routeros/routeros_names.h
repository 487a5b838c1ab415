// The names by which a MikroTik router remembers for us: the slot and the file of a volume's disk,
// and the disk's comment. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "volume/uuid.h"

namespace nvmeof::backend {

// The slot is what the router calls the disk; its NQN follows from it.
[[nodiscard]] std::string FormatSlot(const volume::Uuid& volume);
// Nothing for a slot that is not ours.
[[nodiscard]] std::optional<volume::Uuid> ParseSlot(absl::string_view slot);

// What the router calls the volume's subsystem by itself. What it tells of a disk goes before.
[[nodiscard]] std::string UsualNqn(const volume::Uuid& volume);

// The name of the file that holds the volume's data. It outlives the disk when a call ends half
// way, so it also tells for which request it was made.
struct DiskFile {
  std::string name;  // digest (backend/words.h) of the request's name
  volume::Uuid volume;

  friend bool operator==(const DiskFile&, const DiskFile&) = default;
};
[[nodiscard]] std::string FormatDiskFile(const DiskFile& file);
// Of a path, whatever folder it is in. Nothing for a file that is not ours.
[[nodiscard]] std::optional<DiskFile> ParseDiskFile(absl::string_view path);

// What else has to be known again, as digests.
struct DiskComment {
  std::string fingerprint;         // of the volume
  std::optional<std::string> how;  // fingerprint of the export to the host that the disk names

  friend bool operator==(const DiskComment&, const DiskComment&) = default;
};
[[nodiscard]] std::string FormatDiskComment(const DiskComment& comment);
// Nothing for a comment that is not ours.
[[nodiscard]] std::optional<DiskComment> ParseDiskComment(absl::string_view text);

}  // namespace nvmeof::backend
