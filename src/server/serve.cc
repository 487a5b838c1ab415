#include "server/serve.h"

#include <memory>
#include <optional>
#include <random>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/periodic.h"
#include "base/status_macros.h"
#include "server/http_server.h"
#include "server/kubelet_paths.h"
#include "server/kubelet_registration.h"
#include "server/rpc_server.h"

namespace nvmeof::server {
namespace {

// The promise is a second from the signal; a loaded machine needs the rest of it.
constexpr absl::Duration kEnd = absl::Milliseconds(600);
constexpr absl::Duration kGrace = absl::Milliseconds(300);

// How often registration is looked after.
constexpr absl::Duration kPause = absl::Seconds(1);

absl::Status CheckReachable(const Served& served, const RpcServer& server) {
  if (server.Reachable()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "somebody removed the socket ", served.endpoint.socket_path(), "; a restart makes it anew"));
}

// `registration` may be absent. None when nobody asked for health.
absl::StatusOr<std::unique_ptr<HttpServer>> ServeHealth(
    const Served& served, const RpcServer& server,
    const std::optional<KubeletRegistration>& registration) {
  if (!served.health.exists()) return nullptr;
  const auto live = [&served, &server] { return CheckReachable(served, server); };
  const auto ready = [&served, &server, &registration] {
    RETURN_IF_ERROR(CheckReachable(served, server));
    RETURN_IF_ERROR(served.ready());
    return registration ? registration->Registered() : absl::OkStatus();
  };
  return HttpServer::Start(served.health, HealthPages(live, ready));
}

}  // namespace

absl::Status Serve(const Served& served, StopSignal& stop) {
  if (served.registration.exists()) RETURN_IF_ERROR(MakePluginFolder(served.endpoint));
  ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> server,
                   RpcServer::Start(served.endpoint, served.services));
  const base::MonotonicClock clock;
  std::optional<KubeletRegistration> registration;
  if (served.registration.exists()) {
    registration.emplace(
        KubeletOffer{served.registration, served.driver_name, served.endpoint.socket_path()}, clock,
        std::random_device()());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<HttpServer> health, ServeHealth(served, *server, registration));
  std::optional<base::Periodic> looks;
  if (registration) looks.emplace(kPause, [&registration] { registration->Tick(); });
  base::Log(base::Level::kInfo, "serving", {{"endpoint", served.endpoint.address()}});

  const std::string signal = stop.Wait();
  EndProcessWithin(kEnd);
  base::Log(base::Level::kInfo, "stopping", {{"signal", signal}});
  // From the outside to the inside: who asks for health or for the driver finds nobody before its
  // calls end.
  health.reset();
  looks.reset();
  registration.reset();
  server->Stop(kGrace);
  return absl::OkStatus();
}

}  // namespace nvmeof::server
