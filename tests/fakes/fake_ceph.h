// FakeCeph: a group of Ceph's NVMe-oF gateway, for CephBackend: the real protocol on unix sockets,
// one for each gateway. Its images and subsystems are in memory, and where somebody gives it
// CephEffects also what hosts can reach.
//
// It answers as the gateways do: what became of a call stands in the answer, whose status is an
// errno; a listener of another gateway is EREMOTE; a host that is out and still connected is EBUSY,
// as is the lock of the group; an image that exists with the size that is wanted is taken quietly,
// and then stays when its namespace goes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/security/server_credentials.h"

#include "backend/backends_config.h"
#include "ceph/gateway.pb.h"

namespace nvmeof::testing {

struct FakeCephNamespace {
  std::string pool;
  std::string image;
  std::string uuid;
  bool trash = false;
  bool auto_visible = true;             // to all hosts of the subsystem
  std::vector<std::string> hosts = {};  // that see it otherwise

  friend bool operator==(const FakeCephNamespace&, const FakeCephNamespace&) = default;
};

// Of a host, "" = none.
struct FakeCephKeys {
  std::string host;
  std::string controller;

  friend bool operator==(const FakeCephKeys&, const FakeCephKeys&) = default;
};

struct FakeCephSubsystem {
  std::string serial;
  std::map<std::uint32_t, FakeCephNamespace> namespaces;  // by NSID
  std::vector<std::string> hosts;
  std::set<std::string> listeners;  // "host address:port"
  bool allow_any_host = false;
  std::map<std::string, FakeCephKeys> keys = {};  // of hosts that have to authenticate

  friend bool operator==(const FakeCephSubsystem&, const FakeCephSubsystem&) = default;
};

// What a change of the fake's state brings about. After an error the state is as it was.
class CephEffects {
 public:
  virtual ~CephEffects() = default;
  // Null = it is gone.
  virtual absl::Status ImageIs(const std::string& name, const std::int64_t* bytes) = 0;
  virtual absl::Status SubsystemIs(const std::string& nqn, const FakeCephSubsystem* subsystem) = 0;
  // Host NQNs.
  virtual std::set<std::string> Connected(const std::string& nqn) = 0;
};

// Internally synchronised; blocks as long as the effects do. Serves from its making to its
// destruction.
class FakeCeph {
 public:
  using Subsystem = FakeCephSubsystem;

  // The gateways' sockets are in the folder. Borrows the effects; null = none.
  FakeCeph(
      const std::string& folder, std::vector<backend::CephGatewayConfig> gateways,
      CephEffects* effects = nullptr,
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeCeph();
  FakeCeph(const FakeCeph&) = delete;
  FakeCeph& operator=(const FakeCeph&) = delete;

  // Two gateways with a portal each.
  static std::vector<backend::CephGatewayConfig> TwoGateways();
  backend::CephConfig config() const { return config_; }
  // The same with one subsystem for all volumes.
  backend::CephConfig shared_config() const;

  // The process of a gateway ends, and starts again: what its group has is kept.
  void Stop(std::size_t gateway);
  void Start(std::size_t gateway);
  // A gateway does not answer, though it is there; until it is released.
  void Hold(std::size_t gateway);
  void Release(std::size_t gateway);
  // A gateway that has just started and shows nothing yet.
  void Restoring(std::size_t gateway, bool restoring);
  // A gateway that does not hear what the others change, until it changes something itself: it goes
  // on serving whom it served.
  void Lag(std::size_t gateway, bool lags);

  // The n-th call from now (1 is the next) and all later ones are lost, until n is 0; the n-th is
  // carried out, or not.
  void DieAt(int n, bool carried_out);
  // The next n changes find the lock of the group taken.
  void Lock(int n);

  // Somebody else makes or changes a subsystem, or makes an image.
  void Meddle(const std::string& nqn, const std::function<void(Subsystem&)>& change);
  void AddImage(const std::string& name, std::int64_t bytes);
  // A host connects at a gateway, if it is let in.
  bool ConnectHost(std::size_t gateway, const std::string& nqn, const std::string& host);
  // The same, and whether this namespace is shown to it there.
  bool ShowsTo(std::size_t gateway, const std::string& nqn, std::uint32_t nsid,
               const std::string& host);
  // Gateways that do not know of namespaces which some hosts do not see.
  void ForgetMasking();
  // Called before the n-th call from now is carried out, without a lock.
  void Before(int n, std::function<void()> meddle);

  std::map<std::string, std::int64_t> images();
  std::map<std::string, Subsystem> subsystems();
  // "<gateway> <method>", in order.
  std::vector<std::string> calls();

 private:
  class Server;
  struct View {
    bool held = false;
    bool restoring = false;
    std::optional<std::map<std::string, Subsystem>> stale;   // while it lags
    std::map<std::string, std::set<std::string>> connected;  // hosts by NQN
    std::map<std::string, std::set<std::string>> leaving;    // shown once more as connected
  };

  // False when the call is lost.
  bool Serve(std::size_t gateway, const std::string& method, const std::function<void()>& work);
  std::string WithEffects(const std::function<void()>& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Apply(const std::map<std::string, std::int64_t>& images,
                     const std::map<std::string, Subsystem>& subsystems)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const std::map<std::string, Subsystem>& Seen(std::size_t gateway)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropConnections(const std::string& nqn, const std::string& host)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool UsesImage(const std::string& image) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const backend::CephConfig config_;
  CephEffects* const effects_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  absl::Mutex mutex_;
  std::vector<View> views_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::int64_t> images_ ABSL_GUARDED_BY(mutex_);  // of the one pool
  std::map<std::string, Subsystem> subsystems_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  int until_death_ ABSL_GUARDED_BY(mutex_) = 0;
  bool carried_out_ ABSL_GUARDED_BY(mutex_) = true;
  bool dead_ ABSL_GUARDED_BY(mutex_) = false;
  int locks_ ABSL_GUARDED_BY(mutex_) = 0;
  bool masks_ ABSL_GUARDED_BY(mutex_) = true;
  int until_meddling_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> meddle_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace nvmeof::testing
