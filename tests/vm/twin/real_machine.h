// RealMachine: this guest's kernel, links to a storage node and subsystems of the kernel target as
// a Machine, with the seams that the program itself is made of.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "base/command.h"
#include "base/unique_fd.h"
#include "mount/linux_file_systems.h"
#include "mount/linux_mounter.h"
#include "nvme/libnvme_fabric.h"
#include "nvme/netlink_uevents.h"
#include "nvme/sysfs_topology.h"
#include "nvme/tcp_portal_probe.h"
#include "tests/vm/exported.h"
#include "tests/vm/lab.h"
#include "tests/vm/nvmet_export.h"
#include "tests/vm/twin/leaping_clock.h"
#include "tests/vm/twin/machine.h"

namespace nvmeof::testing {

// Borrows a lab without processes. Destruction takes the target down, heals the portals and lets go
// what is busy.
class RealMachine final : public Machine {
 public:
  static absl::StatusOr<std::unique_ptr<RealMachine>> Create(Lab& lab, const MachinePlan& plan);

  RealMachine(const RealMachine&) = delete;
  RealMachine& operator=(const RealMachine&) = delete;
  ~RealMachine() override;

  node::NvmeHost host() override { return {identity_, topology_, fabric_, uevents_, probe_}; }
  mount::Mounter& mounter() override { return mounter_; }
  mount::FileSystems& file_systems() override { return file_systems_; }
  base::RecordFiles& record_files() override { return record_files_; }
  base::RecordFiles& mark_files() override { return mark_files_; }
  base::Clock& clock() override { return clock_; }
  base::Workers& workers() override { return workers_; }

  std::vector<SimVolume>& volumes() override { return volumes_; }
  const std::vector<volume::Portal>& portals() const override { return portals_; }
  void Leap(absl::Duration time) override { clock_.Leap(time); }
  absl::Status PortalDown(const volume::Portal& portal, Down how) override;
  absl::Status PortalUp(const volume::Portal& portal) override;
  absl::Status GiveUp(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status Delete(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status Vanish(const SimVolume& volume) override;
  absl::Status Lie(const SimVolume& volume, Notice notice) override;
  absl::Status Return(const SimVolume& volume, Notice notice) override;
  absl::Status Grow(SimVolume& volume) override;
  absl::Status PeerConnects(const SimVolume& volume, const volume::Portal& portal) override;
  absl::Status PeerDisconnects() override;
  absl::Status KeepBusy(const std::string& path) override;
  absl::Status LetGo() override;

 private:
  RealMachine(Lab& lab, const MachinePlan& plan, base::RecordDirectory record_files,
              base::RecordDirectory mark_files);
  absl::Status Export();
  absl::Status Replace(const SimVolume& volume, const Exported::Content& other, Notice notice);
  HandMadeNamespace NamespaceOf(const SimVolume& volume) const;

  Lab& lab_;
  std::vector<SimVolume> volumes_;
  const std::vector<volume::Portal> portals_;
  const nvme::HostIdentity identity_;
  LeapingClock clock_;
  base::PosixCommandRunner commands_{clock_};
  nvme::SysfsTopology topology_;
  nvme::LibnvmeFabric fabric_{identity_};
  nvme::NetlinkUevents uevents_{clock_};
  nvme::TcpPortalProbe probe_{clock_};
  mount::LinuxMounter mounter_;
  mount::LinuxFileSystems file_systems_{commands_};
  base::RecordDirectory record_files_;
  base::RecordDirectory mark_files_;
  base::Workers workers_{clock_, 8};
  std::vector<std::unique_ptr<NvmetExport>> exports_;
  std::map<std::string, Exported::Content> replaced_;  // by volume: what answered before
  std::vector<std::string> peers_;                     // controllers
  std::set<int> down_;                                 // portals
  std::vector<base::UniqueFd> busy_;
};

}  // namespace nvmeof::testing
