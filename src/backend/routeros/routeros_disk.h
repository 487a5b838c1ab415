// RouterosDisk: the disk of a volume, as a MikroTik router shows it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "backend/backend.h"
#include "backend/routeros/routeros_names.h"
#include "backend/routeros/routeros_rest.h"
#include "volume/nqn.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

struct RouterosDisk {
  volume::Uuid volume;
  std::string name;  // digest (backend/words.h)
  std::string comment;
  std::int64_t size_bytes = 0;  // 0 = not there yet
  bool exported = false;
  std::string allowed;  // the NQN of the one host that is let in; empty = any host
  std::string nqn;      // empty = not told
  std::string port;
};

// Nothing for a disk that is not ours. FailedPrecondition for one that has a slot of ours and is
// none of our disks: somebody else made or changed it.
[[nodiscard]] absl::StatusOr<std::optional<RouterosDisk>> DecodeDisk(const RouterosItem& item);

// FailedPrecondition when there is none of ours.
[[nodiscard]] absl::StatusOr<DiskComment> CommentOf(const RouterosDisk& disk);

// True while the disk is as a call that makes it can leave it, half way: nobody has used it.
[[nodiscard]] bool IsHalfMade(const RouterosDisk& disk);

// The host that is let in. FailedPrecondition when that is any host, which no call here brings
// about, or what is no host.
[[nodiscard]] absl::StatusOr<std::vector<Export>> ExportsOf(const RouterosDisk& disk);

// A host that does not exist. A disk that is let to it is let to nobody, whatever becomes of its
// export.
inline constexpr char kNobodyNqn[] = "nqn.2026-01.dev.nvmeof:nobody";

}  // namespace nvmeof::backend
