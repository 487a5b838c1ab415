#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/log.h"
#include "base/record_files.h"
#include "base/status_macros.h"
#include "base/workers.h"
#include "csi/health.h"
#include "csi/identity_service.h"
#include "csi/node_service.h"
#include "csi/rpc.h"
#include "mount/linux_file_systems.h"
#include "mount/linux_mounter.h"
#include "node/attacher.h"
#include "node/connect_scheduler.h"
#include "node/expander.h"
#include "node/publisher.h"
#include "node/stage_records.h"
#include "node/stager.h"
#include "node/usage.h"
#include "nvme/host_identity.h"
#include "nvme/libnvme_fabric.h"
#include "nvme/netlink_uevents.h"
#include "nvme/sysfs_topology.h"
#include "run.h"
#include "server/serve.h"

namespace nvmeof {
namespace {

// Steps that may hang in the kernel at one time before new ones are refused: a few for each of many
// volumes on a dead target, few enough for a small node.
constexpr int kWorkers = 64;

absl::StatusOr<std::string> BootId() {
  ASSIGN_OR_RETURN(const std::string id, base::ReadFile("/proc/sys/kernel/random/boot_id"));
  return std::string(absl::StripAsciiWhitespace(id));
}

}  // namespace

absl::Status Run(const server::NodeConfig& config, server::StopSignal& stop) {
  nvme::HostIdentityFiles identity_files;
  identity_files.nqn = config.hostnqn_file;
  identity_files.id = config.hostid_file;
  ASSIGN_OR_RETURN(const nvme::HostIdentity host, nvme::LoadHostIdentity(identity_files));
  ASSIGN_OR_RETURN(const std::string boot_id, BootId());
  ASSIGN_OR_RETURN(base::RecordDirectory record_files,
                   base::RecordDirectory::Open(absl::StrCat(config.state_dir, "/volumes")));
  ASSIGN_OR_RETURN(node::StageRecords records, node::StageRecords::Open(record_files, boot_id));
  base::Log(base::Level::kInfo, "node",
            {{"host_nqn", host.nqn.text()},
             {"volumes", static_cast<std::int64_t>(records.List().size())}});

  base::MonotonicClock clock;
  base::PosixCommandRunner commands(clock);
  const nvme::SysfsTopology topology;
  nvme::LibnvmeFabric fabric(host);
  nvme::NetlinkUevents uevents(clock);
  mount::LinuxMounter mounter;
  mount::LinuxFileSystems file_systems(commands);
  node::ConnectScheduler scheduler(fabric, clock);
  base::Workers workers(clock, kWorkers);
  node::Attacher attacher({host, topology, fabric, uevents}, scheduler, mounter, workers, clock);
  node::Stager stager(records, attacher, mounter, file_systems);
  node::Publisher publisher(records, attacher, mounter, file_systems);
  node::Expander expander(records, attacher, file_systems);
  const node::Usage usage(records, attacher, mounter);

  csi::RpcEdge edge(clock, workers, {.log_requests = config.log.level == base::Level::kDebug});
  csi::IdentityService identity(edge, {config.driver_name, NVMEOF_VERSION},
                                [] { return csi::CheckFabricsDevice(); });
  csi::NodeService node(edge, {stager, publisher, expander, usage}, {host.nqn, config.max_volumes});
  const absl::Status served = server::Serve(config.endpoint, {&identity, &node}, stop);
  workers.Finish();  // steps that outlived their calls use what is destroyed now
  return served;
}

}  // namespace nvmeof
