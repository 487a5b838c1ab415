// Exporter: which hosts reach which volume. Makes the kernel target match the records' exports.
//
// The record is written before the kernel is touched when a host comes in, and erased after the
// kernel has let go when it goes out. So whatever the kernel shows has a record, and the same call
// again completes what a crash cut short.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "base/claims.h"
#include "target/lost_records.h"
#include "target/nvmet_ports.h"
#include "target/nvmet_subsystems.h"
#include "target/storage.h"
#include "target/volume_record.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::target {

// Borrows all. Safe to use from several threads. Every call blocks on the kernel without a bound of
// its own and runs in a worker therefore. Aborted: the volume's claim is taken. NotFound: there is
// no volume; one whose record is lost is what LostRecords says.
class Exporter {
 public:
  Exporter(Storage storage, Configfs& tree, Portals portals);

  const std::vector<volume::Portal>& portals() const { return portals_.all; }
  const LostRecords& lost() const { return lost_; }

  // Lets the host in; the volume afterwards. AlreadyExists when it is in, with the kernel made to
  // match. FailedPrecondition, naming the host, when another one is in and either export is single
  // node. Unavailable when no portal takes the volume; one that does is enough, and RestoreMissing
  // mends the others.
  absl::StatusOr<VolumeRecord> Export(const std::string& handle, const target::Export& wanted);

  // The fence: after OK no command of this host, sent over whichever connection, can reach the
  // volume any more. A host that is not in is OK. Hosts that stay in lose their connections for a
  // moment and come back by themselves (the kernel target cannot drop those of one host).
  //
  // A volume whose record is lost is fenced by what the kernel shows. The pool is asked only
  // whether what the kernel exports is its own; FailedPrecondition when it is not.
  absl::Status Unexport(const std::string& handle, const volume::Nqn& host);

  // Takes the volume, whose claim the caller holds, out of the kernel.
  absl::Status Withdraw(const VolumeRecord& record);

  // Lets the hosts of the volume, whose claim the caller holds, see its new size.
  absl::Status Revalidate(const VolumeRecord& record);

  // Makes the kernel match all records: after a start and, through RestoreMissing, later. Every
  // volume is complete before the first one is linked. A volume that fails is logged and does not
  // hold up the others. One thread at a time.
  void Restore();

  // Restore, when something of it or of an Export is missing; true when nothing is missing now.
  // Logs what had to be restored.
  bool RestoreMissing();

  // Restores what the kernel has lost by somebody else's doing, and logs that. Reads alone when
  // nothing is lost, and takes the claims of lost volumes only. Leaves it to RestoreMissing while
  // that has work. In the thread of Restore.
  void RestoreLost();

 private:
  // Volumes with hosts, whose claims are held.
  struct Held {
    std::vector<base::Claim> claims;
    std::vector<VolumeRecord> records;
    bool all = true;  // none was in the hands of a call
  };
  Held Hold(const std::vector<VolumeRecord>& known) const;
  void EnsurePorts();
  void Complete(const Held& held);
  // Those that hosts may reach and of which the kernel shows something else than the record.
  std::vector<VolumeRecord> Differing(std::vector<VolumeRecord> records) const;
  void TellRestored(const std::vector<VolumeRecord>& lost) const;
  absl::StatusOr<VolumeRecord> FindReady(const std::string& handle) const;
  absl::Status CheckSharing(const VolumeRecord& record, const target::Export& wanted) const;
  NvmetVolume Wanted(const VolumeRecord& record) const;
  absl::Status Converge(const NvmetVolume& wanted);
  absl::Status TakeOut(const volume::Nqn& subsystem);
  absl::StatusOr<VolumeRecord> ShutOut(VolumeRecord record, const volume::Nqn& host);
  absl::Status ShutOutWithoutRecord(const std::string& handle, const volume::Nqn& host);
  void BringBack(const std::string& handle, const ShownVolume& shown,
                 const std::vector<std::string>& hosts);
  void Miss(absl::string_view event, const absl::Status& cause);

  const Storage storage_;
  NvmetPorts ports_;
  NvmetSubsystems subsystems_;
  const LostRecords lost_;
  const Portals portals_;

  std::atomic<bool> missing_ = false;
};

}  // namespace nvmeof::target
