// Network: real links between this host and a storage node, each of which can be cut.
//
//   this network namespace                       namespace "storage"
//     fab0  10.77.0.2  ------------------------  10.77.0.1  fab0   portal 0
//     fab1  10.77.1.2  ------------------------  10.77.1.1  fab1   portal 1
//
// Every portal is reachable from every host address, so n links make n x n paths. The kernel target
// listens in the network namespace of the process that links a subsystem to a port.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nvmeof::testing {

// One thread at a time. Destruction takes the links away.
class Network {
 public:
  static constexpr char kStorage[] = "storage";
  static constexpr int kLinks = 2;

  static absl::StatusOr<std::unique_ptr<Network>> Create();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  static std::string PortalAddress(int portal);  // "10.77.0.1"
  static std::string HostAddress(int link);      // "10.77.0.2"
  static std::string Interface(int link);        // "fab0"

  // One more address of the storage node on that link, reachable like the portal's.
  absl::StatusOr<std::string> AddAddress(int link);  // "10.77.0.11"

  // Packets to and from the portal's NVMe port vanish, as if a cable were pulled.
  absl::Status Cut(int portal);
  // Connections to the portal's NVMe port are reset, as if its server had ended.
  absl::Status Refuse(int portal);
  // New connections to the portal's NVMe port reach another port of the storage node (see Liar).
  absl::Status Redirect(int portal, int port);
  // Each packet of the link waits that long.
  absl::Status Slow(int link, absl::Duration delay);
  // The storage node's end of the link goes down.
  absl::Status Unplug(int link);
  // The portal is as it was at first.
  absl::Status Restore(int portal);
  // All links are as they were at first.
  absl::Status Heal();

 private:
  Network() = default;
  absl::Status ApplyRules();

  std::map<int, std::string> verdicts_;  // by portal, in the words of nft
  std::map<int, int> redirections_;      // portal to port
};

}  // namespace nvmeof::testing
