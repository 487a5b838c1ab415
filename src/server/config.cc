#include "server/config.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/status_macros.h"
#include "server/command_line.h"
#include "server/flag_values.h"
#include "server/kubelet_paths.h"

namespace nvmeof::server {
namespace {

constexpr int kBadUsage = 2;
constexpr char kProgram[] = "nvmeof-csi";
constexpr char kEndpoint[] = "unix:///csi/csi.sock";

Flag LogLevelFlag(LogConfig& log) {
  return {.name = "--log-level",
          .placeholder = "LEVEL",
          .description = "debug, info, warning or error",
          .fallback = "info",
          .store = OneOf<base::Level>(log.level, {{"debug", base::Level::kDebug},
                                                  {"info", base::Level::kInfo},
                                                  {"warning", base::Level::kWarning},
                                                  {"error", base::Level::kError}})};
}

Flag LogFormatFlag(LogConfig& log) {
  return {.name = "--log-format",
          .placeholder = "FORMAT",
          .description = "text for people, json for machines; on standard error",
          .fallback = "text",
          .store = OneOf<base::LogFormat>(
              log.format, {{"text", base::LogFormat::kText}, {"json", base::LogFormat::kJson}})};
}

Flag EndpointFlag(Endpoint& endpoint) {
  return {.name = "--endpoint",
          .placeholder = "unix:///PATH.sock",
          .description = "socket of the CSI services; its folder must exist",
          .fallback = kEndpoint,
          .other_variable = "CSI_ENDPOINT",
          .store = Parsed(endpoint, &Endpoint::ParseUnix)};
}

Flag HealthFlag(Endpoint& health) {
  return {.name = "--health",
          .placeholder = "ADDRESS:PORT",
          .description = "where probes find /healthz and /readyz, over HTTP",
          .fallback = "",
          .store = OrNothing(Parsed(health, &Endpoint::ParseTcp))};
}

Flag DriverNameFlag(std::string& driver_name) {
  return {.name = "--driver-name",
          .placeholder = "NAME",
          .description = "name of the driver, as in StorageClass and CSIDriver",
          .fallback = "csi.nvmeof.dev",
          .store = DriverName(driver_name)};
}

Subcommand ControllerCommand(ControllerConfig& config) {
  return {"controller",
          "CSI Identity and Controller: makes volumes on storage systems and lets nodes in",
          {EndpointFlag(config.endpoint),
           HealthFlag(config.health),
           DriverNameFlag(config.driver_name),
           {.name = "--backends",
            .placeholder = "FILE",
            .description = "YAML file that names the storage systems",
            .store = AbsolutePath(config.backends_file)},
           LogLevelFlag(config.log),
           LogFormatFlag(config.log)}};
}

Subcommand NodeCommand(NodeConfig& config) {
  return {
      "node",
      "CSI Identity and Node: connects this host to volumes, mounts and grows them",
      {{.name = "--endpoint",
        .placeholder = "unix:///PATH.sock",
        .description = absl::StrCat("socket of the CSI services; its folder must exist; without "
                                    "it ",
                                    kEndpoint, ",\nor plugins/NAME/csi.sock in --kubelet-dir"),
        .fallback = "",
        .other_variable = "CSI_ENDPOINT",
        .store = OrNothing(Parsed(config.endpoint, &Endpoint::ParseUnix))},
       HealthFlag(config.health),
       {.name = "--kubelet-dir",
        .placeholder = "DIR",
        .description = "the kubelet's folder, mostly /var/lib/kubelet, at the path at which it\n"
                       "sees it itself: registers the driver with it",
        .fallback = "",
        .store = OrNothing(AbsolutePath(config.kubelet_dir))},
       DriverNameFlag(config.driver_name),
       {.name = "--state-dir",
        .placeholder = "DIR",
        .description = "folder of the stage records; must outlive the process",
        .fallback = "/var/lib/nvmeof-csi",
        .store = AbsolutePath(config.state_dir)},
       {.name = "--hostnqn-file",
        .placeholder = "FILE",
        .description = "who this host is to storage systems; made when absent",
        .fallback = "/etc/nvme/hostnqn",
        .store = AbsolutePath(config.hostnqn_file)},
       {.name = "--hostid-file",
        .placeholder = "FILE",
        .description = "the host id that goes with the host NQN; made when absent",
        .fallback = "/etc/nvme/hostid",
        .store = AbsolutePath(config.hostid_file)},
       {.name = "--max-volumes-per-node",
        .placeholder = "COUNT",
        .description = "how many volumes may be placed here; 0 = no limit",
        .fallback = "0",
        .store = WholeNumber(config.max_volumes, 0, 1'000'000)},
       {.name = "--reconcile-interval",
        .placeholder = "SECONDS",
        .description = "pause between two looks for paths and mounts that need repair",
        .fallback = "10",
        .store = WholeNumber(config.reconcile_seconds, 1, 3600)},
       {.name = "--no-controller",
        .description = "do not announce a controller: there is none, as all volumes are made by "
                       "hand",
        .fallback = "false",
        .bare = true,
        .store = OneOf<bool>(config.has_controller, {{"true", false}, {"false", true}})},
       {.name = "--topology",
        .placeholder = "LABEL=VALUE",
        .description = "a label of this node that tells which volumes it reaches; repeat it, or "
                       "separate with\ncommas; LABEL= is passed over",
        .fallback = "",
        .repeatable = true,
        .store = OrNothing(NodeLabel(config.segments))},
       LogLevelFlag(config.log),
       LogFormatFlag(config.log)}};
}

Subcommand TargetCommand(TargetConfig& config) {
  return {"target",
          "agent of a storage node: keeps volumes in files or in an LVM thin pool, exports them "
          "through "
          "Linux nvmet",
          {{.name = "--listen",
            .placeholder = "ADDRESS:PORT",
            .description = "where the controller reaches this agent",
            .fallback = "127.0.0.1:4421",
            .store = Parsed(config.listen, &Endpoint::ParseTcp)},
           HealthFlag(config.health),
           {.name = "--insecure-listen",
            .description = "allow --listen on an address that other machines can reach",
            .fallback = "false",
            .bare = true,
            .store = OneOf<bool>(config.insecure_listen, {{"true", true}, {"false", false}})},
           {.name = "--pool",
            .placeholder = "DIR|lvm:VG/POOL",
            .description = "folder of the volumes, on ext4, xfs or btrfs, or an LVM thin pool",
            .store = Parsed(config.pool, &volume::ParsePoolPlace)},
           {.name = "--state-dir",
            .placeholder = "DIR",
            .description = "records of an LVM pool's volumes; a folder keeps its own",
            .fallback = "/var/lib/nvmeof-csi-target",
            .store = AbsolutePath(config.state_dir)},
           {.name = "--portal",
            .placeholder = "PORTAL",
            .description = "where hosts reach the volumes: ADDRESS:PORT, rdma://ADDRESS:PORT or "
                           "fc://nn-0x...:pn-0x...; repeat it, or separate with commas",
            .repeatable = true,
            .store = EachParsed(config.portals, &volume::ParsePortal)},
           {.name = "--non-optimized-portal",
            .placeholder = "PORTAL",
            .description = "one more, which hosts use only while no --portal works",
            .fallback = "",
            .repeatable = true,
            .store = OrNothing(EachParsed(config.non_optimized_portals, &volume::ParsePortal))},
           {.name = "--provisioning",
            .placeholder = "KIND",
            .description = "thin (writes take the space) or thick (creation takes it)",
            .fallback = "thin",
            .store = OneOf<volume::Provisioning>(
                config.provisioning,
                {{"thin", volume::Provisioning::kThin}, {"thick", volume::Provisioning::kThick}})},
           {.name = "--reserve",
            .placeholder = "PERCENT",
            .description = "part of the pool that volumes never get",
            .fallback = "5",
            .store = WholeNumber(config.reserve_percent, 0, 90)},
           {.name = "--drain",
            .description = "make no new volumes; those that are there may still do everything",
            .fallback = "false",
            .bare = true,
            .store = OneOf<bool>(config.drained, {{"true", true}, {"false", false}})},
           LogLevelFlag(config.log),
           LogFormatFlag(config.log)}};
}

// The agent does not yet know who calls it, so only this machine may.
void CheckListen(const TargetConfig& config, std::vector<std::string>& problems) {
  if (config.listen.local() || config.insecure_listen) return;
  problems.push_back(absl::StrCat("--listen '", config.listen.address(),
                                  "': must be a loopback address unless --insecure-listen is "
                                  "given"));
}

// What follows from the kubelet's folder, and from none.
absl::Status CompleteEndpoints(NodeConfig& config) {
  if (config.kubelet_dir.empty()) {
    if (config.endpoint.exists()) return absl::OkStatus();
    ASSIGN_OR_RETURN(config.endpoint, Endpoint::ParseUnix(kEndpoint));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(config.registration, RegistrationSocket(config.kubelet_dir, config.driver_name));
  if (config.endpoint.exists()) return absl::OkStatus();
  ASSIGN_OR_RETURN(config.endpoint, PluginSocket(config.kubelet_dir, config.driver_name));
  return absl::OkStatus();
}

Answer Refuse(const std::vector<std::string>& problems) {
  const auto append_line = [](std::string* out, const std::string& problem) {
    absl::StrAppend(out, kProgram, ": ", problem, "\n");
  };
  return {absl::StrJoin(problems, "", append_line), kBadUsage};
}

}  // namespace

Config ParseConfig(const std::vector<std::string>& arguments, absl::string_view version) {
  ControllerConfig controller;
  NodeConfig node;
  TargetConfig target;
  CommandLine line =
      ParseCommandLine({kProgram,
                        std::string(version),
                        "Kubernetes CSI driver for NVMe over Fabrics",
                        {ControllerCommand(controller), NodeCommand(node), TargetCommand(target)}},
                       arguments);
  if (!line.answer.empty()) return Answer{std::move(line.answer), 0};
  CheckListen(target, line.problems);
  if (line.problems.empty()) {
    const absl::Status completed = CompleteEndpoints(node);
    if (!completed.ok()) {
      line.problems.push_back(
          absl::StrCat("--kubelet-dir '", node.kubelet_dir, "': ", completed.message()));
    }
  }
  if (!line.problems.empty()) return Refuse(line.problems);
  if (line.subcommand == "controller") return controller;
  if (line.subcommand == "node") return node;
  return target;
}

}  // namespace nvmeof::server
