#include "tests/vm/facades/kernel_ceph.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/network.h"
#include "volume/path.h"

namespace nvmeof::testing {
namespace {

std::vector<backend::CephGatewayConfig> Gateways() {
  std::vector<backend::CephGatewayConfig> gateways = FakeCeph::TwoGateways();
  for (int portal = 0; portal < 2; ++portal) {
    gateways[static_cast<std::size_t>(portal)].portals = {
        {.address = Network::PortalAddress(portal)}};
  }
  return gateways;
}

std::string Yaml(const std::string& name, const backend::CephConfig& config) {
  std::string text =
      absl::StrCat("  - name: ", name, "\n    type: ceph\n    pool: ", config.pool, "\n");
  if (config.subsystem.has_value()) {
    absl::StrAppend(&text, "    subsystem: ", config.subsystem->text(), "\n");
  }
  absl::StrAppend(&text, "    gateways:\n");
  for (const backend::CephGatewayConfig& each : config.gateways) {
    absl::StrAppend(&text, "      - {address: \"", each.address, "\", host: ", each.host,
                    ", portals: [\"", volume::FormatPortal(each.portals.front()), "\"]}\n");
  }
  return text;
}

// The kernel's target shows a namespace to all hosts or to none.
bool IsSeen(const FakeCephNamespace& ns, const std::vector<std::string>& hosts) {
  return ns.auto_visible || std::any_of(ns.hosts.begin(), ns.hosts.end(), [&](const auto& host) {
           return std::count(hosts.begin(), hosts.end(), host) > 0;
         });
}

}  // namespace

absl::Status KernelCephEffects::ImageIs(const std::string& name, const std::int64_t* bytes) {
  return bytes == nullptr ? kernel_.Remove(name) : kernel_.Resize(name, *bytes);
}

absl::Status KernelCephEffects::SubsystemIs(const std::string& nqn,
                                            const FakeCephSubsystem* wanted) {
  // One that volumes share stays when it is empty; nobody notices.
  if (wanted == nullptr || (wanted->namespaces.empty() && wanted->hosts.empty())) {
    return kernel_.Hide(nqn);
  }
  KernelSubsystem subsystem{.nqn = nqn, .namespaces = {}, .hosts = wanted->hosts, .listeners = {}};
  for (const auto& [nsid, ns] : wanted->namespaces) {
    if (IsSeen(ns, wanted->hosts)) subsystem.namespaces[nsid] = {ns.image, ns.uuid};
  }
  for (const auto& [host, keys] : wanted->keys) {
    subsystem.keys[host] = {keys.host, keys.controller};
  }
  for (const std::string& listener : wanted->listeners) {
    subsystem.listeners.push_back(listener.substr(listener.find(' ') + 1));
  }
  return kernel_.Show(subsystem);
}

std::set<std::string> KernelCephEffects::Connected(const std::string& nqn) {
  return KernelTarget::Connected(nqn);
}

absl::StatusOr<std::unique_ptr<KernelCeph>> KernelCeph::StartFor(const Lab& lab) {
  RETURN_IF_ERROR(base::EnsureDirectory(lab.Folder("pool")));
  RETURN_IF_ERROR(base::EnsureDirectory(lab.Folder("ceph")));
  std::unique_ptr<KernelCeph> ceph(new KernelCeph(lab));
  RETURN_IF_ERROR(
      base::WriteFileAtomically(lab.Folder("backends.yaml"),
                                absl::StrCat("backends:\n", Yaml("rados", ceph->gateways_.config()),
                                             Yaml(kShared, ceph->gateways_.shared_config()))));
  return ceph;
}

KernelCeph::KernelCeph(const Lab& lab)
    : effects_(lab.Folder("pool")), gateways_(lab.Folder("ceph"), Gateways(), &effects_) {}

}  // namespace nvmeof::testing
