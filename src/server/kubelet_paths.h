// KubeletPaths: where a driver's sockets lie in the kubelet's folder, as the kubelet expects them.
// The kubelet and the plugin must see the folder at the same path, as they must for mounts anyway.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/endpoint.h"

namespace nvmeof::server {

// DIR/plugins_registry/NAME-reg.sock, which the kubelet watches for. InvalidArgument: too long for
// a socket.
[[nodiscard]] absl::StatusOr<Endpoint> RegistrationSocket(absl::string_view kubelet_dir,
                                                          absl::string_view driver_name);

// DIR/plugins/NAME/csi.sock, by custom. InvalidArgument: too long for a socket.
[[nodiscard]] absl::StatusOr<Endpoint> PluginSocket(absl::string_view kubelet_dir,
                                                    absl::string_view driver_name);

// Makes the last folder of the plugin's socket; the kubelet makes those above it when it starts, so
// a missing one is a forgotten mount, or another folder than the kubelet's. Errors are those of
// ErrnoStatus.
[[nodiscard]] absl::Status MakePluginFolder(const Endpoint& plugin_socket);

}  // namespace nvmeof::server
