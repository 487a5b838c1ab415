#include "server/kubelet_registration.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "base/log.h"
#include "pluginregistration/v1/registration.grpc.pb.h"

namespace nvmeof::server {
namespace {

// What the kubelet's plugin watcher knows CSI drivers by, and the version of CSI that it asks for.
constexpr char kPluginType[] = "CSIPlugin";
constexpr char kVersion[] = "1.0.0";

constexpr absl::Duration kFirstWait = absl::Seconds(1);
constexpr absl::Duration kLongestWait = absl::Seconds(30);

// A kubelet that does not get its answer takes a registration back.
constexpr absl::Duration kRegistrationGrace = absl::Milliseconds(300);

}  // namespace

// Answers the kubelet, on threads of gRPC, and remembers what it said.
class KubeletRegistration::Service final : public ::pluginregistration::Registration::Service {
 public:
  explicit Service(const KubeletOffer& offer) : offer_(offer) {}

  grpc::Status GetInfo(grpc::ServerContext* /*context*/,
                       const ::pluginregistration::InfoRequest* /*request*/,
                       ::pluginregistration::PluginInfo* response) override {
    response->set_type(kPluginType);
    response->set_name(offer_.driver_name);
    response->set_endpoint(offer_.csi_socket);
    response->add_supported_versions(kVersion);
    return grpc::Status::OK;
  }

  grpc::Status NotifyRegistrationStatus(
      grpc::ServerContext* /*context*/, const ::pluginregistration::RegistrationStatus* request,
      ::pluginregistration::RegistrationStatusResponse* /*response*/) override {
    if (request->plugin_registered()) {
      Become(State::kRegistered, absl::OkStatus());
      base::Log(base::Level::kInfo, "registered with the kubelet",
                {{"driver", offer_.driver_name}, {"csi_socket", offer_.csi_socket}});
      return grpc::Status::OK;
    }
    Become(State::kRefused, absl::UnavailableError(absl::StrCat("the kubelet refused the driver: ",
                                                                request->error())));
    base::Log(base::Level::kError, "the kubelet refused the driver",
              {{"driver", offer_.driver_name}, {"error", request->error()}});
    return grpc::Status::OK;
  }

  enum class State { kNotOffered, kOffered, kRegistered, kRefused };

  void Become(State state, absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    state_ = state;
    status_ = std::move(status);
  }
  State state() const {
    const absl::MutexLock lock(&mutex_);
    return state_;
  }
  absl::Status status() const {
    const absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  const KubeletOffer& offer_;
  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kNotOffered;
  absl::Status status_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("not yet offered to the kubelet");
};

KubeletRegistration::KubeletRegistration(KubeletOffer offer, const base::Clock& clock,
                                         std::uint64_t seed)
    : offer_(std::move(offer)),
      clock_(clock),
      backoff_(kFirstWait, kLongestWait, seed),
      service_(std::make_unique<Service>(offer_)) {}

KubeletRegistration::~KubeletRegistration() = default;

void KubeletRegistration::Tick() {
  const std::string& path = offer_.socket.socket_path();
  switch (service_->state()) {
    case Service::State::kRegistered:
      backoff_.Succeeded(path);
      break;
    case Service::State::kRefused:
      if (server_ == nullptr) break;
      Withdraw();
      backoff_.Failed(path, clock_.Now());
      return;
    case Service::State::kNotOffered:
    case Service::State::kOffered:
      break;
  }
  if (server_ != nullptr && !server_->Reachable()) {
    base::Log(base::Level::kWarning, "somebody removed the registration socket", {{"path", path}});
    Withdraw();
  }
  if (server_ == nullptr && backoff_.IsDue(path, clock_.Now())) Offer();
}

absl::Status KubeletRegistration::Registered() const { return service_->status(); }

void KubeletRegistration::Offer() {
  const std::string& path = offer_.socket.socket_path();
  // Before the socket is there: the kubelet may call at once.
  service_->Become(
      Service::State::kOffered,
      absl::UnavailableError(absl::StrCat("the kubelet has not yet registered the driver by ", path,
                                          "; does it run with this folder?")));
  absl::StatusOr<std::unique_ptr<RpcServer>> server =
      RpcServer::Start(offer_.socket, {service_.get()});
  if (server.ok()) {
    server_ = *std::move(server);
    base::Log(base::Level::kInfo, "offered to the kubelet", {{"path", path}});
    return;
  }
  service_->Become(Service::State::kNotOffered,
                   absl::UnavailableError(absl::StrCat("cannot offer the driver to the kubelet: ",
                                                       server.status().message())));
  base::Log(base::Level::kWarning, "cannot offer the driver to the kubelet",
            {{"error", std::string(server.status().message())}});
  backoff_.Failed(path, clock_.Now());
}

void KubeletRegistration::Withdraw() {
  server_->Stop(kRegistrationGrace);
  server_.reset();
}

}  // namespace nvmeof::server
