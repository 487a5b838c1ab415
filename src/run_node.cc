#include <memory>
#include <random>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/kernel_module.h"
#include "base/log.h"
#include "base/periodic.h"
#include "base/record_files.h"
#include "base/status_macros.h"
#include "base/workers.h"
#include "csi/health.h"
#include "csi/identity_service.h"
#include "csi/node_service.h"
#include "csi/rpc.h"
#include "mount/linux_file_systems.h"
#include "mount/linux_mounter.h"
#include "node/node_half.h"
#include "nvme/host_identity.h"
#include "nvme/libnvme_fabric.h"
#include "nvme/netlink_uevents.h"
#include "nvme/sysfs_topology.h"
#include "nvme/tcp_discovery.h"
#include "nvme/tcp_portal_probe.h"
#include "run.h"
#include "server/serve.h"
#include "volume/accessibility.h"

namespace nvmeof {
namespace {

// Steps that may hang in the kernel at one time before new ones are refused: a few for each of many
// volumes on a dead target, few enough for a small node.
constexpr int kKernelWorkers = 64;
// Few enough at a time that calls always find workers.
constexpr int kRepairers = 16;

absl::StatusOr<std::string> BootId() {
  ASSIGN_OR_RETURN(const std::string id, base::ReadFile("/proc/sys/kernel/random/boot_id"));
  return std::string(absl::StripAsciiWhitespace(id));
}

absl::StatusOr<nvme::HostIdentity> LoadHost(const server::NodeConfig& config) {
  nvme::HostIdentityFiles files;
  files.nqn = config.hostnqn_file;
  files.id = config.hostid_file;
  return nvme::LoadHostIdentity(files);
}

void SayWhatIsHere(const nvme::HostIdentity& host, const volume::Segments& segments,
                   const node::NodeHalf& half) {
  base::Log(base::Level::kInfo, "node",
            {{"host_nqn", host.nqn.text()},
             {"topology", volume::DescribeSegments(segments)},
             {"volumes", static_cast<std::int64_t>(half.records.List().size())}});
  const auto ailments = half.health.OfStorage();
  if (!ailments.ok()) return;  // asked again by whoever wants to know
  for (const node::Ailment& ailment : *ailments) {
    base::Log(base::Level::kWarning, "storage of this host",
              {{"reason", ailment.reason}, {"message", ailment.message}});
  }
}

}  // namespace

absl::Status Run(const server::NodeConfig& config, server::StopSignal& stop) {
  ASSIGN_OR_RETURN(const nvme::HostIdentity host, LoadHost(config));
  ASSIGN_OR_RETURN(const std::string boot_id, BootId());
  ASSIGN_OR_RETURN(base::RecordDirectory record_files,
                   base::RecordDirectory::Open(absl::StrCat(config.state_dir, "/volumes")));
  ASSIGN_OR_RETURN(base::RecordDirectory mark_files,
                   base::RecordDirectory::Open(absl::StrCat(config.state_dir, "/connections")));

  base::MonotonicClock clock;
  base::PosixCommandRunner commands(clock);
  base::LoadMissingModule(csi::CheckFabricsDevice(), "nvme-tcp", commands,
                          clock.Now() + base::kModulePatience);
  const nvme::SysfsTopology topology;
  nvme::LibnvmeFabric fabric(host);
  nvme::NetlinkUevents uevents(clock);
  mount::LinuxMounter mounter;
  mount::LinuxFileSystems file_systems(commands);
  nvme::TcpPortalProbe probe(clock);
  nvme::TcpDiscovery discovery(host, clock);
  base::Workers workers(clock, kKernelWorkers);
  csi::RpcEdge edge(clock, workers, {.log_requests = config.log.level == base::Level::kDebug});
  base::Workers repairers(clock, kRepairers);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<node::NodeHalf> half,
      node::NodeHalf::Make({{host, topology, fabric, uevents, probe},
                            discovery,
                            mounter,
                            file_systems,
                            record_files,
                            mark_files,
                            clock,
                            workers,
                            edge.claims(),
                            boot_id,
                            [&](auto step) { return repairers.Start(std::move(step)); },
                            std::random_device()()}));
  SayWhatIsHere(host, config.segments, *half);

  csi::IdentityService identity(
      edge, {config.driver_name, NVMEOF_VERSION, config.has_controller, !config.segments.empty()},
      [] { return csi::CheckFabricsDevice(); });
  csi::NodeService node(edge, *half, {host.nqn, config.max_volumes, config.segments});
  absl::Status served;
  {
    const base::Periodic reconcile(absl::Seconds(config.reconcile_seconds),
                                   [&half] { half->reconciler.Tick(); });
    served = server::Serve({.endpoint = config.endpoint,
                            .services = {&identity, &node},
                            .health = config.health,
                            .ready = [] { return csi::CheckFabricsDevice(); },
                            .registration = config.registration,
                            .driver_name = config.driver_name},
                           stop);
  }
  // Steps that outlived their calls use what is destroyed now.
  repairers.Finish();
  workers.Finish();
  return served;
}

}  // namespace nvmeof
