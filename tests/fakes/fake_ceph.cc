#include "tests/fakes/fake_ceph.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpc/grpc.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

#include "base/units.h"
#include "ceph/gateway.grpc.pb.h"
#include "tests/fakes/changes.h"

namespace nvmeof::testing {
namespace {

constexpr char kPool[] = "rbd";
constexpr char kGroup[] = "group-1";
constexpr std::uint32_t kMaxNamespaces = 512;

template <typename Reply>
void Fail(Reply& reply, int error, const std::string& message) {
  reply.set_status(error);
  reply.set_error_message(message);
}

std::string ListenerText(const ::CreateListenerRequest& request) {
  return absl::StrCat(request.host_name(), " ", request.traddr(), ":", request.trsvcid());
}

::GatewayListener ListenerOf(const std::string& text) {
  const std::size_t blank = text.find(' ');
  const std::size_t colon = text.rfind(':');
  ::GatewayListener listener;
  listener.set_host_name(text.substr(0, blank));
  listener.set_trtype("TCP");
  listener.set_traddr(text.substr(blank + 1, colon - blank - 1));
  listener.set_trsvcid(static_cast<std::uint32_t>(std::stoul(text.substr(colon + 1))));
  return listener;
}

bool Has(const std::vector<std::string>& hosts, const std::string& host) {
  return std::count(hosts.begin(), hosts.end(), host) > 0;
}

template <typename Request>
FakeCephKeys KeysIn(const Request& request) {
  return {request.dhchap_key(), request.dhchap_ctrlr_key()};
}

std::vector<backend::CephGatewayConfig> Addressed(
    const std::string& folder, std::vector<backend::CephGatewayConfig> gateways) {
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    gateways[i].address = absl::StrCat("unix://", folder, "/gateway-", i);
  }
  return gateways;
}

}  // namespace

// One gateway: what it answers to each method.
class FakeCeph::Server final : public ::Gateway::Service {
 public:
  Server(FakeCeph& group, std::size_t index) : group_(group), index_(index) {}
  ~Server() override { Stop(); }

  const backend::CephGatewayConfig& config() const { return group_.config_.gateways[index_]; }

  void Start() {
    if (server_ != nullptr) return;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(config().address, group_.credentials_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  grpc::Status get_gateway_info(grpc::ServerContext*, const ::GatewayInfoRequest*,
                                ::GatewayInfo* reply) override {
    return Look("get_gateway_info", [&] {
      reply->set_name(config().host);
      reply->set_group(kGroup);
      reply->set_hostname(config().host);
      reply->set_bool_status(true);
      reply->set_gateway_initialization_over(!view().restoring);
    });
  }

  grpc::Status create_subsystem(grpc::ServerContext*, const ::CreateSubsystemRequest* request,
                                ::CreateSubsystemReply* reply) override {
    return Change("create_subsystem", *reply, [&] {
      std::string nqn = request->subsystem_nqn();
      if (!request->no_group_append()) absl::StrAppend(&nqn, ".", kGroup);
      if (!request->enable_ha()) return Fail(*reply, EINVAL, "HA must be enabled");
      if (absl::StrContains(nqn, '_')) return Fail(*reply, EINVAL, "invalid NQN");
      for (const auto& [other, subsystem] : all()) {
        if (other == nqn) return Fail(*reply, EEXIST, "subsystem already exists");
        if (subsystem.serial != request->serial_number()) continue;
        return Fail(*reply, EEXIST, absl::StrCat("serial number already used by ", other));
      }
      all()[nqn].serial = request->serial_number();
      reply->set_nqn(nqn);
    });
  }

  grpc::Status delete_subsystem(grpc::ServerContext*, const ::DeleteSubsystemRequest* request,
                                ::GatewayReply* reply) override {
    return Change("delete_subsystem", *reply, [&] {
      const auto found = all().find(request->subsystem_nqn());
      if (found == all().end()) return Fail(*reply, ENOENT, "can't find subsystem");
      if (!found->second.namespaces.empty()) return Fail(*reply, EBUSY, "namespaces are left");
      all().erase(found);
    });
  }

  grpc::Status list_subsystems(grpc::ServerContext*, const ::ListSubsystemsRequest* request,
                               ::SubsystemsReply* reply) override {
    return Look("list_subsystems", [&] {
      for (const auto& [nqn, subsystem] : seen()) {
        if (request->has_subsystem_nqn() && request->subsystem_nqn() != nqn) continue;
        if (request->has_serial_number() && request->serial_number() != subsystem.serial) continue;
        ::GatewaySubsystem& shown = *reply->add_subsystems();
        shown.set_nqn(nqn);
        shown.set_enable_ha(true);
        shown.set_serial_number(subsystem.serial);
        shown.set_namespace_count(static_cast<std::uint32_t>(subsystem.namespaces.size()));
        shown.set_max_namespaces(kMaxNamespaces);
        shown.set_allow_any_host(subsystem.allow_any_host);
      }
    });
  }

  grpc::Status namespace_add(grpc::ServerContext*, const ::AddNamespaceRequest* request,
                             ::AddNamespaceReply* reply) override {
    return Change("namespace_add", *reply, [&] { AddNamespace(*request, *reply); });
  }

  grpc::Status namespace_resize(grpc::ServerContext*, const ::ResizeNamespaceRequest* request,
                                ::GatewayReply* reply) override {
    return Change("namespace_resize", *reply, [&] {
      FakeCephNamespace* ns = Find(*request, *reply);
      if (ns == nullptr) return;
      const auto bytes = static_cast<std::int64_t>(request->new_size()) * base::kMiB;
      if (bytes < images()[ns->image]) return Fail(*reply, EINVAL, "new size is smaller");
      images()[ns->image] = bytes;
    });
  }

  grpc::Status namespace_set_rbd_trash_image(grpc::ServerContext*,
                                             const ::SetTrashImageRequest* request,
                                             ::GatewayReply* reply) override {
    return Change("namespace_set_rbd_trash_image", *reply, [&] {
      FakeCephNamespace* ns = Find(*request, *reply);
      if (ns != nullptr) ns->trash = request->trash_image();
    });
  }

  grpc::Status namespace_delete(grpc::ServerContext*, const ::DeleteNamespaceRequest* request,
                                ::GatewayReply* reply) override {
    return Change("namespace_delete", *reply, [&] {
      FakeCephNamespace* ns = Find(*request, *reply);
      if (ns == nullptr) return;
      if (ns->trash && !request->i_am_sure()) return Fail(*reply, EINVAL, "are you sure?");
      // Under a writer, too.
      if (ns->trash) images().erase(ns->image);
      all()[request->subsystem_nqn()].namespaces.erase(request->nsid());
    });
  }

  grpc::Status list_namespaces(grpc::ServerContext*, const ::ListNamespacesRequest* request,
                               ::NamespacesReply* reply) override {
    return Look("list_namespaces", [&] {
      const auto found = seen().find(request->subsystem());
      if (found == seen().end()) return;
      for (const auto& [nsid, ns] : found->second.namespaces) {
        if (request->has_uuid() && request->uuid() != ns.uuid) continue;
        ::GatewayNamespace& shown = *reply->add_namespaces();
        shown.set_nsid(nsid);
        shown.set_rbd_pool_name(ns.pool);
        shown.set_rbd_image_name(ns.image);
        shown.set_rbd_image_size(static_cast<std::uint64_t>(images()[ns.image]));
        shown.set_uuid(ns.uuid);
        shown.set_trash_image(ns.trash);
        if (!masks()) continue;
        shown.set_auto_visible(ns.auto_visible);
        for (const std::string& host : ns.hosts) shown.add_hosts(host);
      }
    });
  }

  grpc::Status namespace_add_host(grpc::ServerContext*, const ::AddNamespaceHostRequest* request,
                                  ::GatewayReply* reply) override {
    return Change("namespace_add_host", *reply, [&] {
      FakeCephNamespace* ns = Find(*request, *reply);
      if (ns == nullptr) return;
      const std::string& host = request->host_nqn();
      if (ns->auto_visible) return Fail(*reply, EINVAL, "namespace is visible to all hosts");
      if (absl::StrContains(host, '_')) return Fail(*reply, EINVAL, "invalid NQN");
      if (Has(ns->hosts, host)) return Fail(*reply, EEXIST, "host is already added");
      if (!request->force() && !Has(all()[request->subsystem_nqn()].hosts, host)) {
        return Fail(*reply, EACCES, "host is not allowed on the subsystem");
      }
      ns->hosts.push_back(host);
    });
  }

  grpc::Status namespace_delete_host(grpc::ServerContext*,
                                     const ::DeleteNamespaceHostRequest* request,
                                     ::GatewayReply* reply) override {
    return Change("namespace_delete_host", *reply, [&] {
      FakeCephNamespace* ns = Find(*request, *reply);
      if (ns != nullptr && std::erase(ns->hosts, request->host_nqn()) == 0) {
        Fail(*reply, ENODEV, "host is not found");
      }
    });
  }

  grpc::Status add_host(grpc::ServerContext*, const ::AddHostRequest* request,
                        ::GatewayReply* reply) override {
    return Change("add_host", *reply, [&] {
      const auto found = all().find(request->subsystem_nqn());
      if (found == all().end()) return Fail(*reply, ENOENT, "can't find subsystem");
      if (absl::StrContains(request->host_nqn(), '_')) return Fail(*reply, EINVAL, "invalid NQN");
      std::vector<std::string>& hosts = found->second.hosts;
      if (Has(hosts, request->host_nqn())) return Fail(*reply, EEXIST, "host is already added");
      hosts.push_back(request->host_nqn());
      if (request->has_dhchap_key()) found->second.keys[request->host_nqn()] = KeysIn(*request);
    });
  }

  grpc::Status change_host_key(grpc::ServerContext*, const ::ChangeHostKeyRequest* request,
                               ::GatewayReply* reply) override {
    return Change("change_host_key", *reply, [&] {
      const auto found = all().find(request->subsystem_nqn());
      if (found == all().end() || !Has(found->second.hosts, request->host_nqn())) {
        return Fail(*reply, ENOENT, "host is not found");
      }
      found->second.keys[request->host_nqn()] = KeysIn(*request);
    });
  }

  grpc::Status remove_host(grpc::ServerContext*, const ::RemoveHostRequest* request,
                           ::GatewayReply* reply) override {
    return Change("remove_host", *reply, [&] {
      const auto found = all().find(request->subsystem_nqn());
      if (found == all().end() || !Has(found->second.hosts, request->host_nqn())) {
        return Fail(*reply, ENOENT, "host is not found");
      }
      for (const auto& [nsid, ns] : found->second.namespaces) {
        if (!Has(ns.hosts, request->host_nqn())) continue;
        return Fail(*reply, EACCES, absl::StrCat("host is in the list of namespace ", nsid));
      }
      std::erase(found->second.hosts, request->host_nqn());
      found->second.keys.erase(request->host_nqn());
      const bool connected =
          view().connected[request->subsystem_nqn()].contains(request->host_nqn());
      group_.mutex_.AssertHeld();
      group_.DropConnections(request->subsystem_nqn(), request->host_nqn());
      if (connected) Fail(*reply, EBUSY, "host was removed but is still connected");
    });
  }

  grpc::Status list_hosts(grpc::ServerContext*, const ::ListHostsRequest* request,
                          ::HostsReply* reply) override {
    return Look("list_hosts", [&] {
      const auto found = seen().find(request->subsystem());
      if (found == seen().end()) return Fail(*reply, ENODEV, "No such device");
      reply->set_allow_any_host(found->second.allow_any_host);
      for (const std::string& host : found->second.hosts) reply->add_hosts()->set_nqn(host);
    });
  }

  grpc::Status list_connections(grpc::ServerContext*, const ::ListConnectionsRequest* request,
                                ::ConnectionsReply* reply) override {
    return Look("list_connections", [&] {
      const std::string& nqn = request->subsystem();
      const auto found = seen().find(nqn);
      if (found == seen().end()) return Fail(*reply, ENODEV, "No such device");
      std::set<std::string> connected = view().connected[nqn];
      connected.merge(view().leaving[nqn]);
      view().leaving.erase(nqn);
      for (const std::string& host : found->second.hosts) {
        if (!connected.contains(host)) reply->add_connections()->set_nqn(host);
      }
      for (const std::string& host : connected) {
        ::GatewayConnection& shown = *reply->add_connections();
        shown.set_nqn(host);
        shown.set_connected(true);
      }
    });
  }

  grpc::Status create_listener(grpc::ServerContext*, const ::CreateListenerRequest* request,
                               ::GatewayReply* reply) override {
    return Change("create_listener", *reply, [&] {
      const auto found = all().find(request->nqn());
      if (found == all().end()) return Fail(*reply, ENOENT, "can't find subsystem");
      if (!found->second.listeners.insert(ListenerText(*request)).second) {
        return Fail(*reply, EEXIST, "subsystem already listens on this address");
      }
      if (request->host_name() != config().host) {
        Fail(*reply, EREMOTE, "the listener will be made by its gateway");
      }
    });
  }

  grpc::Status list_listeners(grpc::ServerContext*, const ::ListListenersRequest* request,
                              ::ListenersReply* reply) override {
    return Look("list_listeners", [&] {
      const auto found = seen().find(request->subsystem());
      if (found == seen().end()) return;
      for (const std::string& text : found->second.listeners) {
        *reply->add_listeners() = ListenerOf(text);
      }
    });
  }

 private:
  // The lock is held wherever these are used: Serve runs the work.
  View& view() ABSL_NO_THREAD_SAFETY_ANALYSIS { return group_.views_[index_]; }
  std::map<std::string, Subsystem>& all() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return group_.subsystems_;
  }
  std::map<std::string, std::int64_t>& images() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return group_.images_;
  }
  bool masks() ABSL_NO_THREAD_SAFETY_ANALYSIS { return group_.masks_; }
  const std::map<std::string, Subsystem>& seen() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return group_.Seen(index_);
  }

  grpc::Status Look(const std::string& method, const std::function<void()>& work) {
    if (group_.Serve(index_, method, work)) return grpc::Status::OK;
    return {grpc::StatusCode::UNAVAILABLE, "the connection was closed"};
  }

  template <typename Reply>
  grpc::Status Change(const std::string& method, Reply& reply, const std::function<void()>& work) {
    const auto change = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (group_.locks_ > 0) {
        --group_.locks_;
        return Fail(reply, EBUSY, "couldn't lock the group's state");
      }
      // Whoever changes the state of the group has read it before.
      view().stale.reset();
      const std::string fault = group_.WithEffects(work);
      if (!fault.empty()) Fail(reply, 32603, fault);
    };
    return Look(method, change);
  }

  template <typename Request>
  FakeCephNamespace* Find(const Request& request, ::GatewayReply& reply) {
    const auto found = all().find(request.subsystem_nqn());
    if (found == all().end()) {
      Fail(reply, ENOENT, "can't find subsystem");
      return nullptr;
    }
    const auto ns = found->second.namespaces.find(request.nsid());
    if (ns != found->second.namespaces.end()) return &ns->second;
    Fail(reply, ENODEV, "can't find namespace");
    return nullptr;
  }

  void AddNamespace(const ::AddNamespaceRequest& request,
                    ::AddNamespaceReply& reply) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto found = all().find(request.subsystem_nqn());
    if (found == all().end()) return Fail(reply, ENOENT, "can't find subsystem");
    if (request.rbd_pool_name() != kPool) return Fail(reply, ENODEV, "no such pool");
    if (request.size() % base::kMiB != 0) return Fail(reply, EINVAL, "size is not aligned to MiBs");
    if (request.nsid() > kMaxNamespaces) return Fail(reply, EINVAL, "NSID is too large");
    if (found->second.namespaces.contains(request.nsid())) {
      return Fail(reply, EEXIST, "NSID is already in use");
    }
    const std::string& image = request.rbd_image_name();
    if (group_.UsesImage(image)) return Fail(reply, EEXIST, "image is already used");
    const auto bytes = static_cast<std::int64_t>(request.size());
    const bool exists = images().contains(image);
    if (exists && images()[image] != bytes) return Fail(reply, EEXIST, "image has another size");
    if (!exists && !request.create_image()) return Fail(reply, ENOENT, "no such image");
    images()[image] = bytes;
    found->second.namespaces[request.nsid()] = {kPool, image, request.uuid(),
                                                request.trash_image() && !exists,
                                                !(group_.masks_ && request.no_auto_visible())};
    reply.set_nsid(request.nsid());
  }

  FakeCeph& group_;
  const std::size_t index_;
  std::unique_ptr<grpc::Server> server_;
};

FakeCeph::FakeCeph(const std::string& folder, std::vector<backend::CephGatewayConfig> gateways,
                   CephEffects* effects, std::shared_ptr<grpc::ServerCredentials> credentials)
    : config_{.gateways = Addressed(folder, std::move(gateways)),
              .pool = kPool,
              .tls = std::nullopt},
      effects_(effects),
      credentials_(std::move(credentials)),
      views_(config_.gateways.size()) {
  // gRPC stays up until the process ends: to take it down it may wait ten seconds for its poller.
  grpc_init();
  for (std::size_t i = 0; i < config_.gateways.size(); ++i) {
    servers_.push_back(std::make_unique<Server>(*this, i));
    servers_.back()->Start();
  }
}

FakeCeph::~FakeCeph() {
  for (std::size_t i = 0; i < servers_.size(); ++i) Release(i);
}

std::vector<backend::CephGatewayConfig> FakeCeph::TwoGateways() {
  return {{.address = "", .host = "ceph-a", .portals = {{"tcp", "192.0.2.1", "4420"}}},
          {.address = "", .host = "ceph-b", .portals = {{"tcp", "192.0.2.2", "4420"}}}};
}

backend::CephConfig FakeCeph::shared_config() const {
  backend::CephConfig config = config_;
  config.subsystem = *volume::Nqn::Parse("nqn.2016-06.io.spdk:shared");
  return config;
}

void FakeCeph::Stop(std::size_t gateway) { servers_[gateway]->Stop(); }
void FakeCeph::Start(std::size_t gateway) { servers_[gateway]->Start(); }

void FakeCeph::Hold(std::size_t gateway) {
  const absl::MutexLock lock(&mutex_);
  views_[gateway].held = true;
}

void FakeCeph::Release(std::size_t gateway) {
  const absl::MutexLock lock(&mutex_);
  views_[gateway].held = false;
}

void FakeCeph::Restoring(std::size_t gateway, bool restoring) {
  const absl::MutexLock lock(&mutex_);
  views_[gateway].restoring = restoring;
}

void FakeCeph::Lag(std::size_t gateway, bool lags) {
  const absl::MutexLock lock(&mutex_);
  views_[gateway].stale.reset();
  if (lags) views_[gateway].stale = subsystems_;
}

void FakeCeph::DieAt(int n, bool carried_out) {
  const absl::MutexLock lock(&mutex_);
  until_death_ = n;
  carried_out_ = carried_out;
  dead_ = false;
}

void FakeCeph::Lock(int n) {
  const absl::MutexLock lock(&mutex_);
  locks_ = n;
}

void FakeCeph::Meddle(const std::string& nqn, const std::function<void(Subsystem&)>& change) {
  const absl::MutexLock lock(&mutex_);
  change(subsystems_[nqn]);
}

void FakeCeph::AddImage(const std::string& name, std::int64_t bytes) {
  const absl::MutexLock lock(&mutex_);
  images_[name] = bytes;
}

bool FakeCeph::ConnectHost(std::size_t gateway, const std::string& nqn, const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  const auto found = Seen(gateway).find(nqn);
  if (found == Seen(gateway).end()) return false;
  const Subsystem& subsystem = found->second;
  const bool listens = std::any_of(
      subsystem.listeners.begin(), subsystem.listeners.end(), [&](const std::string& each) {
        return absl::StartsWith(each, config_.gateways[gateway].host + " ");
      });
  if (!listens || !Has(subsystem.hosts, host)) return false;
  views_[gateway].connected[nqn].insert(host);
  return true;
}

bool FakeCeph::ShowsTo(std::size_t gateway, const std::string& nqn, std::uint32_t nsid,
                       const std::string& host) {
  if (!ConnectHost(gateway, nqn, host)) return false;
  const absl::MutexLock lock(&mutex_);
  const auto& namespaces = Seen(gateway).at(nqn).namespaces;
  const auto ns = namespaces.find(nsid);
  if (ns == namespaces.end()) return false;
  return ns->second.auto_visible || Has(ns->second.hosts, host);
}

void FakeCeph::ForgetMasking() {
  const absl::MutexLock lock(&mutex_);
  masks_ = false;
}

void FakeCeph::Before(int n, std::function<void()> meddle) {
  const absl::MutexLock lock(&mutex_);
  until_meddling_ = n;
  meddle_ = std::move(meddle);
}

std::map<std::string, std::int64_t> FakeCeph::images() {
  const absl::MutexLock lock(&mutex_);
  return images_;
}

std::map<std::string, FakeCephSubsystem> FakeCeph::subsystems() {
  const absl::MutexLock lock(&mutex_);
  return subsystems_;
}

std::vector<std::string> FakeCeph::calls() {
  const absl::MutexLock lock(&mutex_);
  return calls_;
}

bool FakeCeph::Serve(std::size_t gateway, const std::string& method,
                     const std::function<void()>& work) {
  std::function<void()> meddle;
  {
    const absl::MutexLock lock(&mutex_);
    if (until_meddling_ > 0 && --until_meddling_ == 0) meddle = std::exchange(meddle_, nullptr);
  }
  if (meddle) meddle();
  const absl::MutexLock lock(&mutex_);
  calls_.push_back(absl::StrCat(gateway, " ", method));
  bool& held = views_[gateway].held;
  mutex_.Await(absl::Condition(
      +[](bool* value) { return !*value; }, &held));
  const bool lost = dead_ || (until_death_ > 0 && --until_death_ == 0);
  const bool dies_now = lost && !dead_;
  dead_ = lost;
  if (effects_ != nullptr) {
    for (View& view : views_) {
      for (const auto& [nqn, subsystem] : subsystems_) {
        view.connected[nqn] = effects_->Connected(nqn);
      }
    }
  }
  if (!lost || (dies_now && carried_out_)) work();
  return !lost;
}

std::string FakeCeph::WithEffects(const std::function<void()>& work) {
  if (effects_ == nullptr) {
    work();
    return "";
  }
  const auto images = images_;
  const auto subsystems = subsystems_;
  work();
  const absl::Status applied = Apply(images, subsystems);
  if (applied.ok()) return "";
  images_ = images;
  subsystems_ = subsystems;
  return std::string(applied.message());
}

absl::Status FakeCeph::Apply(const std::map<std::string, std::int64_t>& images,
                             const std::map<std::string, Subsystem>& subsystems) {
  // An image is there before somebody exports it, and goes after its export.
  std::map<std::string, std::int64_t> kept = images_;
  kept.insert(images.begin(), images.end());
  const auto image_is = [this](const std::string& name, const std::int64_t* bytes) {
    return effects_->ImageIs(name, bytes);
  };
  absl::Status applied = ForEachChange(images, kept, image_is);
  applied.Update(
      ForEachChange(subsystems, subsystems_, [this](const std::string& nqn, const Subsystem* now) {
        return effects_->SubsystemIs(nqn, now);
      }));
  applied.Update(ForEachChange(kept, images_, image_is));
  return applied;
}

const std::map<std::string, FakeCephSubsystem>& FakeCeph::Seen(std::size_t gateway) {
  static const auto& nothing = *new std::map<std::string, Subsystem>();
  const View& view = views_[gateway];
  if (view.restoring) return nothing;
  return view.stale.has_value() ? *view.stale : subsystems_;
}

void FakeCeph::DropConnections(const std::string& nqn, const std::string& host) {
  for (View& view : views_) {
    if (view.stale.has_value()) continue;
    if (view.connected[nqn].erase(host) > 0) view.leaving[nqn].insert(host);
  }
}

bool FakeCeph::UsesImage(const std::string& image) const {
  for (const auto& [nqn, subsystem] : subsystems_) {
    for (const auto& [nsid, ns] : subsystem.namespaces) {
      if (ns.image == image) return true;
    }
  }
  return false;
}

}  // namespace nvmeof::testing
