#include "server/kubelet_paths.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "base/errno_status.h"

namespace nvmeof::server {
namespace {

constexpr mode_t kFolderMode = 0750;

absl::StatusOr<Endpoint> SocketIn(absl::string_view kubelet_dir, absl::string_view rest) {
  const std::string path = absl::StrCat(absl::StripSuffix(kubelet_dir, "/"), rest);
  absl::StatusOr<Endpoint> endpoint = Endpoint::ParseUnix(absl::StrCat("unix:", path));
  if (endpoint.ok()) return endpoint;
  return absl::InvalidArgumentError(absl::StrCat("must leave room for the socket ", path,
                                                 ", which ", endpoint.status().message()));
}

}  // namespace

absl::StatusOr<Endpoint> RegistrationSocket(absl::string_view kubelet_dir,
                                            absl::string_view driver_name) {
  return SocketIn(kubelet_dir, absl::StrCat("/plugins_registry/", driver_name, "-reg.sock"));
}

absl::StatusOr<Endpoint> PluginSocket(absl::string_view kubelet_dir,
                                      absl::string_view driver_name) {
  return SocketIn(kubelet_dir, absl::StrCat("/plugins/", driver_name, "/csi.sock"));
}

absl::Status MakePluginFolder(const Endpoint& plugin_socket) {
  const std::string& path = plugin_socket.socket_path();
  const std::string folder = path.substr(0, path.rfind('/'));
  if (::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("make the folder ", folder));
}

}  // namespace nvmeof::server
