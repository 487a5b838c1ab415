// The names by which Ceph remembers volumes for us: the gateway has no room for text beside them.
// Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

// Of an RBD image, which lives as long as its volume: the volume's UUID, so that no image ever has
// the name of an earlier one, and digests (backend/words.h) of the request's name and fingerprint.
// 93 bytes; RBD allows 95.
struct ImageName {
  volume::Uuid uuid;
  std::string name;
  std::string fingerprint;

  friend bool operator==(const ImageName&, const ImageName&) = default;
};
[[nodiscard]] std::string FormatImageName(const ImageName& name);
// Nothing for a name that is not ours.
[[nodiscard]] std::optional<ImageName> ParseImageName(absl::string_view text);

// The serial number of the subsystem of a volume: a group has no two subsystems with the same, so
// that no two volumes of a pool have one name, whoever makes them. 20 bytes, 100 bits of a digest.
[[nodiscard]] std::string SerialOf(absl::string_view pool, absl::string_view volume_name);
// The same of a subsystem that volumes share.
[[nodiscard]] std::string SerialOf(const volume::Nqn& shared);

// The UUID of the volume whose subsystem has this NQN (volume::NqnOfVolume); nothing for others.
[[nodiscard]] std::optional<volume::Uuid> VolumeOfNqn(absl::string_view nqn);

}  // namespace nvmeof::backend
