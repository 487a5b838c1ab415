#include "tests/vm/network.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/run_tool.h"

namespace nvmeof::testing {
namespace {

absl::Status Batch(std::vector<std::string> tool, const std::vector<std::string>& lines) {
  const std::string file = "/run/nvmeof-batch";
  RETURN_IF_ERROR(base::WriteFileAtomically(file, absl::StrJoin(lines, "\n") + "\n"));
  tool.push_back(file);
  return RunTool(tool);
}

std::vector<std::string> Storage(std::vector<std::string> argv) {
  argv.insert(argv.begin(), {"nsenter", absl::StrCat("--net=/run/netns/", Network::kStorage)});
  return argv;
}

std::vector<std::string> Ends(const std::string& network, auto address) {
  std::vector<std::string> lines = {"link set lo up"};
  for (int link = 0; link < Network::kLinks; ++link) {
    const std::string name = Network::Interface(link);
    if (network.empty()) {
      lines.push_back(absl::StrCat("link add ", name, " type veth peer name ", name, " netns ",
                                   Network::kStorage));
    }
    lines.push_back(absl::StrCat("addr add ", address(link), "/24 dev ", name));
    lines.push_back(absl::StrCat("link set ", name, " up"));
  }
  return lines;
}

}  // namespace

std::string Network::PortalAddress(int portal) { return absl::StrCat("10.77.", portal, ".1"); }
std::string Network::HostAddress(int link) { return absl::StrCat("10.77.", link, ".2"); }
std::string Network::Interface(int link) { return absl::StrCat("fab", link); }

absl::StatusOr<std::unique_ptr<Network>> Network::Create() {
  RETURN_IF_ERROR(RunTool({"ip", "netns", "add", kStorage}));
  std::unique_ptr<Network> network(new Network());
  RETURN_IF_ERROR(Batch({"ip", "-batch"}, Ends("", HostAddress)));
  RETURN_IF_ERROR(Batch({"ip", "-n", kStorage, "-batch"}, Ends(kStorage, PortalAddress)));
  return network;
}

Network::~Network() {
  for (int link = 0; link < kLinks; ++link) {
    RunTool({"ip", "link", "del", Interface(link)}).IgnoreError();
  }
  RunTool({"ip", "netns", "del", kStorage}).IgnoreError();
}

absl::Status Network::ApplyRules() {
  std::vector<std::string> rules = {"table ip cut {}", "delete table ip cut", "table ip cut {"};
  for (const char* hook : {"input", "output"}) {
    rules.push_back(absl::StrCat("chain ", hook, " { type filter hook ", hook, " priority 0;"));
    for (const auto& [portal, verdict] : verdicts_) {
      const bool input = hook == std::string("input");
      // What is reset must still get the reset.
      if (!input && verdict != "drop") continue;
      rules.push_back(absl::StrCat("ip ", input ? "daddr " : "saddr ", PortalAddress(portal),
                                   " tcp ", input ? "dport" : "sport", " 4420 ", verdict));
    }
    rules.emplace_back("}");
  }
  if (!redirections_.empty()) {
    rules.emplace_back("chain divert { type nat hook prerouting priority -100;");
    for (const auto& [portal, port] : redirections_) {
      rules.push_back(
          absl::StrCat("ip daddr ", PortalAddress(portal), " tcp dport 4420 redirect to :", port));
    }
    rules.emplace_back("}");
  }
  rules.emplace_back("}");
  return Batch(Storage({"nft", "-f"}), rules);
}

absl::StatusOr<std::string> Network::AddAddress(int link) {
  std::string address = absl::StrCat(PortalAddress(link), "1");
  RETURN_IF_ERROR(RunTool(
      {"ip", "-n", kStorage, "addr", "add", absl::StrCat(address, "/24"), "dev", Interface(link)}));
  return address;
}

absl::Status Network::Cut(int portal) {
  verdicts_[portal] = "drop";
  return ApplyRules();
}

absl::Status Network::Refuse(int portal) {
  verdicts_[portal] = "reject with tcp reset";
  return ApplyRules();
}

absl::Status Network::Redirect(int portal, int port) {
  redirections_[portal] = port;
  return ApplyRules();
}

absl::Status Network::Slow(int link, absl::Duration delay) {
  return RunTool({"tc", "-n", kStorage, "qdisc", "replace", "dev", Interface(link), "root", "netem",
                  "delay", absl::StrCat(absl::ToInt64Milliseconds(delay), "ms")});
}

absl::Status Network::Unplug(int link) {
  return RunTool({"ip", "-n", kStorage, "link", "set", Interface(link), "down"});
}

absl::Status Network::Restore(int portal) {
  verdicts_.erase(portal);
  redirections_.erase(portal);
  return ApplyRules();
}

absl::Status Network::Heal() {
  verdicts_.clear();
  redirections_.clear();
  RETURN_IF_ERROR(ApplyRules());
  for (int link = 0; link < kLinks; ++link) {
    RETURN_IF_ERROR(RunTool({"ip", "-n", kStorage, "link", "set", Interface(link), "up"}));
    // There is nothing to delete on a link that was not slowed.
    RunTool({"tc", "-n", kStorage, "qdisc", "del", "dev", Interface(link), "root"}).IgnoreError();
  }
  return absl::OkStatus();
}

}  // namespace nvmeof::testing
