// Exported: surgery on a subsystem that the agent exports, behind the agent's back: what storage
// systems do to their hosts on a bad day.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace nvmeof::testing {

// Of a subsystem with one namespace that is linked when this is made. One thread at a time.
class Exported {
 public:
  explicit Exported(std::string nqn);

  // From one of the ports that it is on, or from all; a port without a subsystem does not listen.
  absl::Status Unlink();
  absl::Status UnlinkFrom(const std::string& portal_address);
  // Back on the ports that it was taken from.
  absl::Status Relink();

  // Its controllers live on until they must connect again.
  absl::Status ForgetHost(const std::string& host_nqn);
  absl::Status AllowHost(const std::string& host_nqn);
  // No subsystem may allow it any more.
  static absl::Status RemoveHost(const std::string& host_nqn);

  // The hosts' disks vanish and come back.
  absl::Status DisableNamespace();
  absl::Status EnableNamespace();

  // Of every namespace behind every port: "inaccessible", "optimized".
  static absl::Status SetAnaState(const std::string& state);

  // The backing file has another size, and the hosts are told.
  absl::Status AnnounceSize();

  // What answers to hosts as the namespace.
  struct Content {
    std::string uuid;
    std::string nguid;  // dashed
    std::string file;
  };
  Content Namespace() const;
  // Another volume answers in its place, until it is replaced again.
  absl::Status ReplaceNamespace(const Content& other);

 private:
  absl::Status UnlinkWhere(const std::string& portal_address);

  const std::filesystem::path subsystem_;
  const std::string nqn_;
  std::vector<std::filesystem::path> unlinked_;  // ports
};

}  // namespace nvmeof::testing
