#include "tests/vm/lab.h"

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/eventually.h"
#include "tests/vm/leftovers.h"

namespace nvmeof::testing {
namespace {

std::string Environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

// The agent's port in LISTEN (0A), in the table of its own network namespace.
bool Listens(pid_t pid, absl::string_view port_hex) {
  std::ifstream table(absl::StrCat("/proc/", pid, "/net/tcp"));
  for (std::string line; std::getline(table, line);) {
    if (absl::StrContains(line, absl::StrCat(":", port_hex, " 00000000:0000 0A"))) return true;
  }
  return false;
}

bool Answers(CsiClient& client) {
  return CallRpc(client.identity(), &csi::v1::Identity::Stub::Probe, csi::v1::ProbeRequest(),
                 absl::Seconds(1))
      .ok();
}

Places PlacesOf(const Lab& lab) {
  return {lab.Folder("kubelet"), {lab.Folder("kubelet"), lab.Folder("pool"), lab.Folder("state")}};
}

}  // namespace

std::string Lab::host_nqn() {
  return "nqn.2014-08.org.nvmexpress:uuid:6b8ff1c2-73a4-4c11-9f3f-26a9a4c60d51";
}
std::string Lab::host_id() { return "6b8ff1c2-73a4-4c11-9f3f-26a9a4c60d51"; }
std::string Lab::agent_address() { return absl::StrCat(Network::PortalAddress(0), ":4421"); }

std::map<std::string, std::string> Lab::OnePath() { return {{"maxPaths", "1"}}; }

std::map<std::string, std::string> Lab::AllPaths() {
  return {{"hostTraddr", absl::StrCat(Network::HostAddress(0), ",", Network::HostAddress(1))}};
}

Lab::Lab(std::string name)
    : name_(std::move(name)),
      root_(absl::StrCat(Environment("NVMEOF_DISK", "/run/nvmeof"), "/lab")),
      controller_client_(Socket("controller")),
      node_client_(Socket("node")) {}

absl::StatusOr<std::unique_ptr<Lab>> Lab::Create(const std::string& name) {
  std::unique_ptr<Lab> lab(new Lab(name));
  RETURN_IF_ERROR(lab->Prepare());
  return lab;
}

absl::StatusOr<std::unique_ptr<Lab>> Lab::Start(const std::string& name) {
  ASSIGN_OR_RETURN(std::unique_ptr<Lab> lab, Create(name));
  RETURN_IF_ERROR(lab->StartTarget());
  RETURN_IF_ERROR(lab->StartController());
  RETURN_IF_ERROR(lab->StartNode());
  return lab;
}

absl::Status Lab::Prepare() {
  SweepKernel(PlacesOf(*this));
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
  for (const char* folder : {"kubelet/staging", "kubelet/pods", "pool", "state"}) {
    RETURN_IF_ERROR(base::EnsureDirectory(Folder(folder)));
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(Folder("hostnqn"), host_nqn() + "\n"));
  RETURN_IF_ERROR(base::WriteFileAtomically(Folder("hostid"), host_id() + "\n"));
  RETURN_IF_ERROR(base::WriteFileAtomically(
      Folder("backends.yaml"),
      absl::StrCat("backends:\n  - name: fast\n    type: nvmet\n    agents:\n"
                   "      - name: storage\n        address: ",
                   agent_address(), "\n")));
  ASSIGN_OR_RETURN(network_, Network::Create());
  return absl::OkStatus();
}

Lab::~Lab() {
  node_.reset();
  controller_.reset();
  target_.reset();
  SweepKernel(PlacesOf(*this));
}

absl::StatusOr<std::unique_ptr<Process>> Lab::Spawn(std::vector<std::string> arguments,
                                                    const std::string& network) const {
  const std::string log = LogFile(arguments[0]);
  arguments.insert(arguments.begin(), NVMEOF_PROGRAM);
  return Process::Start(std::move(arguments), log, network);
}

absl::Status Lab::StartTarget() {
  std::vector<std::string> arguments = {
      "target", "--listen",     agent_address(), "--insecure-listen",
      "--pool", Folder("pool"), "--log-level",   "debug"};
  for (int portal = 0; portal < Network::kLinks; ++portal) {
    arguments.push_back("--portal");
    arguments.push_back(absl::StrCat(Network::PortalAddress(portal), ":4420"));
  }
  target_.reset();
  ASSIGN_OR_RETURN(target_, Spawn(std::move(arguments), Network::kStorage));
  if (Eventually(absl::Seconds(60),
                 [&] { return !target_->running() || Listens(target_->pid(), "1145"); }) &&
      target_->running()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the agent does not serve; see its log");
}

absl::Status Lab::StartPlugin(std::unique_ptr<Process>& process, CsiClient& client,
                              std::vector<std::string> arguments) {
  const std::string name = arguments[0];
  arguments.insert(arguments.end(),
                   {"--endpoint", absl::StrCat("unix://", Socket(name)), "--log-level", "debug"});
  process.reset();
  ASSIGN_OR_RETURN(process, Spawn(std::move(arguments), ""));
  if (Eventually(absl::Seconds(60), [&] { return !process->running() || Answers(client); }) &&
      process->running()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("the ", name, " plugin does not serve; see its log"));
}

absl::Status Lab::StartController() {
  return StartPlugin(controller_, controller_client_,
                     {"controller", "--backends", Folder("backends.yaml")});
}

absl::Status Lab::StartNode() {
  return StartPlugin(node_, node_client_,
                     {"node", "--state-dir", Folder("state"), "--hostnqn-file", Folder("hostnqn"),
                      "--hostid-file", Folder("hostid")});
}

std::string Lab::LogFile(const std::string& process) const {
  return absl::StrCat(Environment("NVMEOF_RESULTS", "/tmp"), "/", name_, ".", process, ".log");
}

std::string Lab::LastWords() const {
  constexpr std::size_t kLines = 25;
  std::string text;
  for (const char* process : {"target", "controller", "node"}) {
    std::ifstream log(LogFile(process));
    std::deque<std::string> lines;
    for (std::string line; std::getline(log, line);) {
      lines.push_back(line);
      if (lines.size() > kLines) lines.pop_front();
    }
    absl::StrAppend(&text, "--- ", LogFile(process), "\n", absl::StrJoin(lines, "\n"), "\n");
  }
  return text;
}

std::vector<std::string> Lab::Leftovers() const { return FindLeftovers(PlacesOf(*this)); }

}  // namespace nvmeof::testing
