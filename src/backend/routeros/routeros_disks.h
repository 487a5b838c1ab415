// RouterosDisks: the disks and files of our volumes on one disk of a MikroTik router, and how they
// are made, changed and taken away.
//
// Nothing is kept here: what the router shows is what is so. What it does after its answer is
// awaited by asking.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "backend/routeros/routeros_disk.h"
#include "backend/routeros/routeros_rest.h"
#include "base/clock.h"
#include "volume/uuid.h"

namespace nvmeof::backend {

// Borrows the rest and the clock. Safe to use from several threads; whoever calls sees to it that
// one at a time changes a volume.
//
// Errors are those of RouterosRest and DecodeDisk. Unavailable also when the router does not do
// what it took on.
class RouterosDisks {
 public:
  struct Pool {
    std::string folder;  // where it is mounted; no slash at either end
    // That volumes may take: a reserve stays for the file system. At least 0.
    std::int64_t free_bytes = 0;
  };
  struct NewDisk {
    DiskFile file;
    std::string comment;
    std::int64_t size_bytes;
    std::string port;
  };
  using Check = std::function<bool(const RouterosDisk&)>;

  // `pool` is the slot of the disk that holds the files.
  RouterosDisks(RouterosRest& rest, std::string pool, base::Clock& clock);

  // Unavailable when the router does not show it mounted, or how large it is: the volumes have not
  // gone with it.
  absl::StatusOr<Pool> GetPool(absl::Time deadline);

  // Disks of ours that somebody changed are passed over. Unavailable while the router does not show
  // the pool mounted.
  absl::StatusOr<std::vector<RouterosDisk>> All(absl::Time deadline);
  // Nothing is Unavailable as well, then.
  absl::StatusOr<std::optional<RouterosDisk>> Find(const volume::Uuid& volume, absl::Time deadline);

  absl::StatusOr<RouterosDisk> Make(const NewDisk& wanted, const Pool& pool, absl::Time deadline);

  // Until `done`. A failed request that did its work is none. Aborted when the disk was not shown
  // any more.
  absl::StatusOr<RouterosDisk> Change(const RouterosDisk& disk, const RouterosItem& values,
                                      const Check& done, absl::Time deadline);

  // Waits a while for a disk that is being made; nothing when it is half made even then.
  absl::StatusOr<std::optional<RouterosDisk>> AwaitWhole(const volume::Uuid& volume,
                                                         absl::Time deadline);

  // The disk, then its file. Aborted as well.
  absl::Status TakeAway(const RouterosDisk& disk, const Pool& pool, absl::Time deadline);

  // Files of ours that fit, in the pool's folder; none while that is not mounted.
  using FileCheck = std::function<bool(const DiskFile&)>;
  absl::StatusOr<std::vector<DiskFile>> Files(const Pool& pool, const FileCheck& fits,
                                              absl::Time deadline);
  // No disk is on it. There is none: OK, unless the router does not show the pool mounted.
  absl::Status RemoveFile(const DiskFile& file, const Pool& pool, absl::Time deadline);

 private:
  using Ask = std::function<absl::StatusOr<bool>()>;

  absl::StatusOr<Pool> PoolAmong(const std::vector<RouterosItem>& disks) const;
  // Asks until it is so.
  absl::Status Await(const Ask& ask, absl::string_view what, absl::Time deadline);

  RouterosRest& rest_;
  const std::string pool_;
  base::Clock& clock_;
};

}  // namespace nvmeof::backend
