// SpdkExports: the subsystems of an SPDK target through which hosts reach volumes, one for each
// exported volume.
//
// Nothing is kept here: what the target shows is what is so. SPDK loses all of it at its start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "backend/backend.h"
#include "backend/spdk/spdk_rpc.h"
#include "base/clock.h"
#include "nvmeof/v1/spdk.pb.h"
#include "volume/nqn.h"
#include "volume/path.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

inline constexpr std::uint32_t kSpdkNsid = 1;

// Borrows the rpc and the clock. Safe to use from several threads; whoever calls sees to it that
// one at a time in this process changes a volume's exports. A volume is named by its UUID, which is
// the name of its bdev.
//
// Errors are those of SpdkRpc; FailedPrecondition when a subsystem of the volume's name shows what
// no call here makes, such as any host being let in: it is somebody else's, or somebody changed it.
class SpdkExports {
 public:
  SpdkExports(SpdkRpc& rpc, std::vector<volume::Portal> portals, base::Clock& clock);

  // Fingerprints are digests.
  absl::StatusOr<std::vector<Export>> Of(const volume::Uuid& volume, absl::Time deadline);
  // Whether there is a subsystem of the volume's name.
  absl::StatusOr<bool> Shows(const volume::Uuid& volume, absl::Time deadline);
  // Of all subsystems, whoever made them.
  absl::StatusOr<std::map<volume::Nqn, std::vector<Export>>> All(absl::Time deadline);

  // Goes on from whatever there is until the host is let in as wanted, at every portal.
  absl::Status Complete(const volume::Uuid& volume, const Export& wanted, absl::Time deadline);

  // OK means that the host has no connection to the volume and gets none; also when it had none.
  absl::Status End(const volume::Uuid& volume, const volume::Nqn& host, absl::Time deadline);

  // Takes away the subsystem of a volume without exports, which a crash can leave. There is none:
  // OK.
  absl::Status Dismantle(const volume::Uuid& volume, absl::Time deadline);

 private:
  using Subsystem = v1::spdk::Subsystem;
  struct Step;

  absl::StatusOr<std::optional<Subsystem>> Find(const volume::Uuid& volume, absl::Time deadline);
  // Nothing when all is as wanted.
  absl::StatusOr<std::optional<Step>> NextStep(const volume::Uuid& volume, const Export& wanted,
                                               absl::Time deadline);
  // Of a host or of a note, which need not be there.
  absl::Status Remove(const volume::Uuid& volume, const std::string& host, absl::Time deadline);
  absl::Status AwaitDisconnect(const volume::Uuid& volume, const volume::Nqn& host,
                               absl::Time deadline);

  SpdkRpc& rpc_;
  const std::vector<volume::Portal> portals_;
  base::Clock& clock_;
};

}  // namespace nvmeof::backend
