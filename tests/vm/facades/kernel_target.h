// KernelTarget: the kernel's target in the role of a storage system's data path: its volumes are
// files in one folder, its ports listen in the lab's storage node.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace nvmeof::testing {

// DH-HMAC-CHAP; "" = none.
struct KernelKeys {
  std::string host;
  std::string controller;
};

struct KernelNamespace {
  std::string volume;
  std::string uuid;  // the NGUID, too; empty = as the kernel likes
};

struct KernelSubsystem {
  std::string nqn;
  std::map<std::uint32_t, KernelNamespace> namespaces;  // by NSID
  std::vector<std::string> hosts;
  std::vector<std::string> listeners;           // "address:port"
  std::map<std::string, KernelKeys> keys = {};  // of hosts; the kernel has one pair for a host
};

// One thread at a time.
class KernelTarget {
 public:
  explicit KernelTarget(std::string folder) : folder_(std::move(folder)) {}

  // Makes the volume, or gives it another size, which hosts see.
  absl::Status Resize(const std::string& volume, std::int64_t bytes);
  absl::Status Remove(const std::string& volume);

  // Exactly this, whatever was shown before. A host that is no longer let in loses its connections.
  absl::Status Show(const KernelSubsystem& wanted);
  absl::Status Hide(const std::string& nqn);

  // Host NQNs.
  static std::set<std::string> Connected(const std::string& nqn);

 private:
  std::string FileOf(const std::string& volume) const { return folder_ + "/" + volume + ".img"; }
  absl::Status ShowNamespaces(const KernelSubsystem& wanted);
  absl::Status ShowNamespace(const std::string& folder, const KernelNamespace& wanted);

  const std::string folder_;
  std::map<std::string, std::string> exported_as_;  // volume to the folder of its namespace
};

}  // namespace nvmeof::testing
