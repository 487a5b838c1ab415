#include "tests/vm/plugin.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/status_macros.h"
#include "tests/vm/csi_client.h"
#include "tests/vm/eventually.h"
#include "tests/vm/socket_watch.h"

namespace nvmeof::testing {
namespace {

std::string ProgramOf(const std::string& subcommand) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread changes the environment
  const char* const given = std::getenv("NVMEOF_NODE_PROGRAM");
  return given != nullptr && subcommand == "node" ? given : NVMEOF_PROGRAM;
}

bool Answers(CsiClient& client) {
  return CallRpc(client.identity(), &csi::v1::Identity::Stub::Probe, csi::v1::ProbeRequest(),
                 absl::Seconds(1))
      .ok();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> StartPlugin(const PluginPlan& plan) {
  std::vector<std::string> arguments = plan.arguments;
  arguments.insert(arguments.begin(), ProgramOf(plan.arguments.front()));
  arguments.insert(arguments.end(), {"--endpoint", absl::StrCat("unix://", plan.socket)});
  SocketWatch socket(plan.socket);
  ASSIGN_OR_RETURN(auto process, Process::Start(std::move(arguments), plan.log));
  // A client of its own: one that knew the plugin before waits a moment before it tries again.
  CsiClient client(plan.socket);
  // A sanitized program reads 100 MB before it begins, in a guest on a machine that may be busy.
  if (socket.Wait(absl::Seconds(90)) &&
      Eventually(absl::Seconds(30), [&] { return Answers(client); })) {
    return process;
  }
  return absl::UnavailableError(
      absl::StrCat("the ", plan.arguments.front(), " plugin does not serve: ", process->LogText()));
}

}  // namespace nvmeof::testing
