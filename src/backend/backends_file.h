// The backends file of the controller: what storage there is, as YAML.
//
//   backends:
//     - name: fast                     # the StorageClass parameter `backend`; the first one is the
//     default
//       type: nvmet
//       agents:
//         - name: agent-a              # stands in volume ids: never rename it
//           address: 192.0.2.1:4421
//     - name: user-space
//       type: spdk
//       socket: /var/tmp/spdk.sock     # of an nvmf_tgt on the controller's machine; for the proxy
//                                      # of another one: url, userFile, passwordFile, caFile,
//                                      # pinnedKey, as below
//       lvolStore: store
//       portals: ["tcp://192.0.2.2:4420"]
//       provisioning: thin             # or thick; for StorageClasses that say nothing
//     - name: rose
//       type: routeros
//       url: https://192.0.2.3         # of a MikroTik router
//       userFile: /etc/nvmeof-csi/rose/user
//       passwordFile: /etc/nvmeof-csi/rose/password
//       caFile: /etc/nvmeof-csi/rose/ca.crt  # or pinnedKey: sha256//..., or both
//       disk: raid1                    # the slot of the disk that holds the volumes' files
//       portals: ["tcp://192.0.2.3:4420"]
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "backend/backends_config.h"

namespace nvmeof::backend {

// InvalidArgument with every mistake at once, each as "line L, column C: ...", with the key, the
// value and what is allowed: unknown, missing and double keys, values of another type, names that
// are no names or are not unique, addresses that are no addresses.
[[nodiscard]] absl::StatusOr<BackendsConfig> ParseBackends(absl::string_view yaml);

// The same of a file, with its path before the message. NotFound when it is absent.
[[nodiscard]] absl::StatusOr<BackendsConfig> ReadBackendsFile(const std::string& path);

}  // namespace nvmeof::backend
