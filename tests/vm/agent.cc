#include "tests/vm/agent.h"

#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

#include "base/status_macros.h"
#include "tests/vm/eventually.h"
#include "tests/vm/network.h"

namespace nvmeof::testing {
namespace {

// The port is in LISTEN (0A) in a table of the process's own network namespace; gRPC listens on an
// IPv4 address through an IPv6 socket.
bool Listens(pid_t pid, int port) {
  const std::string local = absl::StrFormat(":%04X ", port);
  for (const char* family : {"tcp", "tcp6"}) {
    std::ifstream table(absl::StrCat("/proc/", pid, "/net/", family));
    for (std::string line; std::getline(table, line);) {
      if (absl::StrContains(line, local) && absl::StrContains(line, ":0000 0A ")) return true;
    }
  }
  return false;
}

}  // namespace

std::string AgentPlan::address() const {
  return absl::StrCat(Network::PortalAddress(portals.empty() ? 0 : portals.front()), ":", port);
}

absl::StatusOr<std::unique_ptr<Process>> StartAgent(const AgentPlan& plan) {
  std::vector<std::string> arguments = {NVMEOF_PROGRAM,      "target", "--listen", plan.address(),
                                        "--insecure-listen", "--pool", plan.pool};
  for (const int portal : plan.portals) {
    arguments.emplace_back("--portal");
    arguments.push_back(absl::StrCat(Network::PortalAddress(portal), ":", plan.nvme_port));
  }
  if (!plan.state.empty()) {
    arguments.emplace_back("--state-dir");
    arguments.push_back(plan.state);
  }
  arguments.insert(arguments.end(), plan.more_arguments.begin(), plan.more_arguments.end());
  ASSIGN_OR_RETURN(auto agent, Process::Start(std::move(arguments), plan.log, Network::kStorage));
  const bool listens = Eventually(
      absl::Seconds(60), [&] { return Listens(agent->pid(), plan.port) || !agent->running(); });
  if (listens && agent->running()) return agent;
  return absl::UnavailableError(absl::StrCat("the agent does not serve: ", agent->LogText()));
}

}  // namespace nvmeof::testing
