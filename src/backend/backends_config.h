// BackendsConfig: which storage there is, as the backends file of the controller says it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backend/http/http_endpoint.h"
#include "volume/accessibility.h"
#include "volume/nqn.h"
#include "volume/path.h"

namespace nvmeof::backend {

// One target agent.
struct AgentConfig {
  std::string name;     // stands in volume ids (volume::IsPlaceName), so it never changes
  std::string address;  // "host:port", "[2001:db8::1]:port" or "unix:///path"
  volume::Segments reachable_from = {};

  friend bool operator==(const AgentConfig&, const AgentConfig&) = default;
};

// Type "nvmet": storage nodes that export through the Linux kernel target.
struct NvmetConfig {
  std::vector<AgentConfig> agents;  // at least one; names and addresses differ

  friend bool operator==(const NvmetConfig&, const NvmetConfig&) = default;
};

// Type "spdk": a logical volume store of an SPDK target, on this machine or behind its proxy.
struct SpdkConfig {
  std::string socket;                   // path of its RPC socket; empty with a proxy
  std::string lvol_store;               // by name
  std::vector<volume::Portal> portals;  // where it listens for hosts; at least one, all different
  bool thin = true;                     // volumes whose StorageClass names no provisioning
  std::optional<HttpEndpoint> proxy = std::nullopt;  // to the RPC socket

  friend bool operator==(const SpdkConfig&, const SpdkConfig&) = default;
};

// One gateway of a group of Ceph's NVMe-oF gateway.
struct CephGatewayConfig {
  std::string address;                  // of its control API, as AgentConfig's
  std::string host;                     // the host name by which its group knows it
  std::vector<volume::Portal> portals;  // where it listens for hosts; at least one

  friend bool operator==(const CephGatewayConfig&, const CephGatewayConfig&) = default;
};

// PEM files for gateways that demand a certificate.
struct CephTls {
  std::string ca_cert;
  std::string client_cert;
  std::string client_key;

  friend bool operator==(const CephTls&, const CephTls&) = default;
};

// Type "ceph": a pool of RBD images behind one group of gateways.
struct CephConfig {
  std::vector<CephGatewayConfig> gateways;  // all of the group; addresses and portals differ
  std::string pool;
  std::optional<CephTls> tls;                           // none = plain gRPC
  std::optional<volume::Nqn> subsystem = std::nullopt;  // of all volumes; none = one for each

  friend bool operator==(const CephConfig&, const CephConfig&) = default;
};

// Type "routeros": a disk of a MikroTik router with the ROSE package.
struct RouterosConfig {
  HttpEndpoint router;                  // with TLS
  std::string disk;                     // slot of the mounted disk that holds the volumes' files
  std::vector<volume::Portal> portals;  // at least one, all different, all of one port

  friend bool operator==(const RouterosConfig&, const RouterosConfig&) = default;
};

struct BackendConfig {
  std::string name;  // stands in volume ids and in StorageClasses
  std::variant<NvmetConfig, SpdkConfig, CephConfig, RouterosConfig> storage;

  friend bool operator==(const BackendConfig&, const BackendConfig&) = default;
};

struct BackendsConfig {
  std::vector<BackendConfig> backends;  // at least one; names differ; the first is the default

  friend bool operator==(const BackendsConfig&, const BackendsConfig&) = default;
};

}  // namespace nvmeof::backend
