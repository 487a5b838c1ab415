#include "tests/vm/facades/kernel_routeros.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "tests/vm/network.h"
#include "volume/path.h"

namespace nvmeof::testing {
namespace {

// Sparse on the guest's disk of 16 GiB.
constexpr std::int64_t kFreeBytes = std::int64_t{64} << 30;
constexpr char kUser[] = "nvmeof";
constexpr char kPassword[] = "a router's password";

std::string VolumeOf(const std::string& path) { return absl::StrReplaceAll(path, {{"/", "@"}}); }

backend::RouterosConfig ConfigIn(const std::string& folder, std::string url) {
  return {
      .router = {.url = std::move(url),
                 .user_file = folder + "/user",
                 .password_file = folder + "/password",
                 .ca_file = folder + "/ca.crt",
                 .pinned_key = ""},
      .disk = "raid1",
      .portals = {{.address = Network::PortalAddress(0)}, {.address = Network::PortalAddress(1)}}};
}

std::string Yaml(const backend::RouterosConfig& config) {
  std::vector<std::string> portals;
  for (const volume::Portal& each : config.portals) portals.push_back(volume::FormatPortal(each));
  return absl::StrCat("backends:\n  - name: rose\n    type: routeros\n    url: ", config.router.url,
                      "\n    userFile: ", config.router.user_file,
                      "\n    passwordFile: ", config.router.password_file,
                      "\n    caFile: ", config.router.ca_file, "\n    disk: ", config.disk,
                      "\n    portals: [\"", absl::StrJoin(portals, "\", \""), "\"]\n");
}

}  // namespace

absl::Status KernelRouterosEffects::FileIs(const std::string& path, const std::int64_t* bytes) {
  const std::string volume = VolumeOf(path);
  return bytes == nullptr ? kernel_.Remove(volume) : kernel_.Resize(volume, *bytes);
}

absl::Status KernelRouterosEffects::ExportIs(const std::string& nqn,
                                             const FakeRouterosExport* shown) {
  if (shown == nullptr) return kernel_.Hide(nqn);
  if (shown->host.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(nqn, " would let every host in"));
  }
  KernelSubsystem subsystem{.nqn = nqn,
                            .namespaces = {{1, {VolumeOf(shown->file), ""}}},
                            .hosts = {shown->host},
                            .listeners = {}};
  // A router listens on all of its addresses.
  for (int portal = 0; portal < 2; ++portal) {
    subsystem.listeners.push_back(absl::StrCat(Network::PortalAddress(portal), ":", shown->port));
  }
  return kernel_.Show(subsystem);
}

absl::StatusOr<std::unique_ptr<KernelRouteros>> KernelRouteros::StartFor(const Lab& lab) {
  RETURN_IF_ERROR(base::EnsureDirectory(lab.Folder("pool")));
  RETURN_IF_ERROR(base::EnsureDirectory(lab.Folder(kName)));
  std::unique_ptr<KernelRouteros> router(new KernelRouteros(lab));
  const backend::HttpEndpoint& rest = router->config_.router;
  RETURN_IF_ERROR(base::WriteFileAtomically(rest.user_file, kUser));
  RETURN_IF_ERROR(base::WriteFileAtomically(rest.password_file, kPassword));
  RETURN_IF_ERROR(base::WriteFileAtomically(rest.ca_file, router->certificate_.certificate));
  RETURN_IF_ERROR(base::WriteFileAtomically(lab.Folder("backends.yaml"), Yaml(router->config_)));
  return router;
}

KernelRouteros::KernelRouteros(const Lab& lab)
    : effects_(lab.Folder("pool")),
      router_(kFreeBytes, &effects_),
      rest_(router_.Connect()),
      certificate_(MakeTestCertificate("IP:127.0.0.1")),
      https_([this](const std::string& request) { return Answer(request); }, &certificate_),
      config_(ConfigIn(lab.Folder(kName), https_.Url())) {}

std::string KernelRouteros::Answer(const std::string& request) {
  const std::string allowed = absl::StrCat(
      "\r\nAuthorization: Basic ", absl::Base64Escape(absl::StrCat(kUser, ":", kPassword)), "\r\n");
  if (!absl::StrContains(request, allowed)) {
    return HttpDouble::Answer("401 Unauthorized", R"({"error":401,"message":"Unauthorized"})");
  }
  const std::vector<std::string> parts = absl::StrSplit(request, absl::MaxSplits("\r\n\r\n", 1));
  const std::vector<std::string> line = absl::StrSplit(parts[0], absl::MaxSplits(' ', 2));
  const absl::StatusOr<backend::HttpAnswer> answer = rest_->Exchange(
      {.method = line[0], .path = line.at(1), .body = parts.at(1)}, absl::InfiniteFuture());
  if (!answer.ok()) return "";
  return HttpDouble::Answer(absl::StrCat(answer->status, " Said"), answer->body);
}

}  // namespace nvmeof::testing
