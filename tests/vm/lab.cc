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
#include "tests/vm/leftovers.h"
#include "tests/vm/plugin.h"

namespace nvmeof::testing {
namespace {

std::string Environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

Places PlacesOf(const Lab& lab) {
  return {lab.Folder("kubelet"), {lab.Folder("kubelet"), lab.Folder("pool"), lab.Folder("state")}};
}

}  // namespace

std::string Lab::host_nqn() {
  return "nqn.2014-08.org.nvmexpress:uuid:6b8ff1c2-73a4-4c11-9f3f-26a9a4c60d51";
}
std::string Lab::host_id() { return "6b8ff1c2-73a4-4c11-9f3f-26a9a4c60d51"; }

std::map<std::string, std::string> Lab::AllPaths() {
  return {{"hostTraddr", absl::StrCat(Network::HostAddress(0), ",", Network::HostAddress(1))}};
}

Lab::Lab(std::string name, const std::string& pool)
    : name_(std::move(name)),
      root_(absl::StrCat(Environment("NVMEOF_DISK", "/run/nvmeof"), "/lab")),
      agent_{.portals = {0, 1},
             .pool = pool.empty() ? Folder("pool") : pool,
             .log = LogFile("target"),
             .state = Folder("target")},
      controller_client_(Socket("controller")),
      node_client_(Socket("node")) {}

absl::StatusOr<std::unique_ptr<Lab>> Lab::Create(const std::string& name, const std::string& pool) {
  std::unique_ptr<Lab> lab(new Lab(name, pool));
  RETURN_IF_ERROR(lab->Prepare());
  return lab;
}

absl::StatusOr<std::unique_ptr<Lab>> Lab::Start(const std::string& name, const std::string& pool) {
  ASSIGN_OR_RETURN(std::unique_ptr<Lab> lab, Create(name, pool));
  RETURN_IF_ERROR(lab->StartTarget());
  RETURN_IF_ERROR(lab->StartController());
  RETURN_IF_ERROR(lab->StartNode());
  return lab;
}

absl::Status Lab::Prepare() {
  SweepKernel(PlacesOf(*this));
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
  for (const char* folder : {"kubelet/staging", "kubelet/pods", "log", "pool", "state"}) {
    RETURN_IF_ERROR(base::EnsureDirectory(Folder(folder)));
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(Folder("hostnqn"), host_nqn() + "\n"));
  RETURN_IF_ERROR(base::WriteFileAtomically(Folder("hostid"), host_id() + "\n"));
  RETURN_IF_ERROR(base::WriteFileAtomically(
      Folder("backends.yaml"),
      absl::StrCat("backends:\n  - name: fast\n    type: nvmet\n    agents:\n"
                   "      - name: storage\n        address: ",
                   agent_.address(), "\n")));
  ASSIGN_OR_RETURN(network_, Network::Create());
  return absl::OkStatus();
}

Lab::~Lab() {
  node_.reset();
  controller_.reset();
  target_.reset();
  SweepKernel(PlacesOf(*this));
  std::error_code ignored;
  std::filesystem::copy(
      Folder("log"), Environment("NVMEOF_RESULTS", "/tmp"),
      std::filesystem::copy_options::overwrite_existing | std::filesystem::copy_options::recursive,
      ignored);
}

absl::Status Lab::StartTarget() {
  target_.reset();
  ASSIGN_OR_RETURN(target_, StartAgent(agent_));
  return absl::OkStatus();
}

absl::Status Lab::StartController() {
  controller_.reset();
  ASSIGN_OR_RETURN(controller_,
                   StartPlugin({.arguments = {"controller", "--backends", Folder("backends.yaml")},
                                .socket = Socket("controller"),
                                .log = LogFile("controller")}));
  return absl::OkStatus();
}

absl::Status Lab::StartNode() {
  node_.reset();
  ASSIGN_OR_RETURN(
      node_, StartPlugin({.arguments = {"node", "--state-dir", Folder("state"), "--hostnqn-file",
                                        Folder("hostnqn"), "--hostid-file", Folder("hostid")},
                          .socket = Socket("node"),
                          .log = LogFile("node")}));
  return absl::OkStatus();
}

std::string Lab::LogFile(const std::string& process) const {
  // Not in the results' folder: each line would go through 9p, while the process waits.
  return absl::StrCat(Folder("log"), "/", name_, ".", process, ".log");
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

std::vector<std::string> Lab::Leftovers() const {
  std::vector<std::string> found = FindLeftovers(PlacesOf(*this));
  std::erase_if(found, [](absl::string_view line) {
    // The agent's own: its lock, and the ballast of its records.
    return absl::EndsWith(line, "/pool/lock") || absl::StrContains(line, "/pool/records/.ballast");
  });
  return found;
}

}  // namespace nvmeof::testing
