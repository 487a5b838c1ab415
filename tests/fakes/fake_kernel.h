// FakeKernel: the kernel's NVMe host in memory, behind all four seams Topology, Fabric, Uevents and
// PortalProbe, so that what a connect causes is what the next look shows.
//
// A test says which targets exist (Serve), how their portals behave (Refuse, Stall, Heal, Drop) and
// what happens while the code under test waits (OnWait, After). Like the real one it gives disks
// numbers that have nothing to do with the NSID and that change when all paths were lost, shows the
// results of a scan only after the call that asked for it, and sends no event when a path stalls or
// gets or loses its hidden disk under a disk that other paths keep.
// Waiting never blocks: it delivers an event, or runs the next scripted change, or moves the clock
// to the deadline.
//
// Safe to use from several threads. Borrows the clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "base/clock.h"
#include "nvme/fabric.h"
#include "nvme/portal_probe.h"
#include "nvme/topology.h"
#include "nvme/uevents.h"
#include "volume/authentication.h"
#include "volume/path.h"
#include "volume/target.h"

namespace nvmeof::testing {

class FakeKernel final : public nvme::Topology,
                         public nvme::Fabric,
                         public nvme::Uevents,
                         public nvme::PortalProbe {
 public:
  // When a namespace of a live controller gets its disk.
  enum class Appearance {
    kAtOnce,    // before Connect returns
    kOnWait,    // while somebody waits for events: the kernel's own way
    kOnRescan,  // while somebody waits after a Rescan
    kNever,
  };

  // Under which its controllers appear: connects carry no host identity of their own.
  static constexpr char kHostNqn[] =
      "nqn.2014-08.org.nvmexpress:uuid:0a1b2c3d-0000-4000-8000-000000000001";

  explicit FakeKernel(base::Clock& clock) : clock_(clock) {}

  // --- The target's side ---

  // A target with one namespace (NSID 1 unless the identity has one) at the target's portals. Once
  // more for another namespace of the same subsystem, or to change one with the same NSID: the scan
  // that finds another identity drops the controller's path to the disk, and only one after it
  // finds the new one, once no controller has a path to the old one.
  void Serve(const volume::Target& target, Appearance appearance = Appearance::kAtOnce) {
    const absl::MutexLock lock(&mutex_);
    Remote& remote = remotes_[target.subsystem.text()];
    remote.portals.insert(target.portals.begin(), target.portals.end());
    const std::uint32_t nsid = target.identity.nsid.value_or(1);
    remote.namespaces[nsid] = {target.identity, target.size_bytes, appearance};
  }

  // The target lets in only who has these.
  void RequireKeys(const volume::Nqn& nqn, const volume::AuthenticationKeys& keys) {
    const absl::MutexLock lock(&mutex_);
    remotes_[nqn.text()].keys = keys;
  }

  // The target listens at one more portal.
  void Listen(const volume::Nqn& nqn, const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    remotes_[nqn.text()].portals.insert(portal);
  }

  // The target no longer listens at the portal; controllers there stay as they are.
  void Leave(const volume::Nqn& nqn, const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    remotes_[nqn.text()].portals.erase(portal);
  }

  // The backend made the volume larger. The kernel notices at the next scan: a Rescan, or an
  // Announce.
  void Grow(const volume::Nqn& nqn, std::uint64_t size_bytes, std::uint32_t nsid = 1) {
    const absl::MutexLock lock(&mutex_);
    remotes_[nqn.text()].namespaces[nsid].size_bytes = size_bytes;
  }

  // The target takes the namespace away, and says so: its disk vanishes, controllers stay.
  void Withdraw(const volume::Nqn& nqn, std::uint32_t nsid = 1) {
    const absl::MutexLock lock(&mutex_);
    remotes_[nqn.text()].namespaces.erase(nsid);
    Scan(nqn.text(), Appearance::kOnWait);
  }

  // The target tells its hosts that its namespaces changed: the kernel scans at once.
  void Announce(const volume::Nqn& nqn) {
    const absl::MutexLock lock(&mutex_);
    Scan(nqn.text(), Appearance::kOnWait);
  }

  // New connects to the portal fail with this.
  void Refuse(const volume::Portal& portal,
              absl::Status status = absl::UnavailableError("connection refused")) {
    const absl::MutexLock lock(&mutex_);
    refused_[portal] = std::move(status);
  }

  // Nothing answers at the portal, neither a probe nor a connect.
  void Silence(const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    silent_.insert(portal);
  }

  // The portal answers a probe, but no connect: each takes a minute and fails.
  void Hang(const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    hanging_.insert(portal);
  }

  // The portal's controllers, present and future, are `connecting`. The kernel sends no event.
  void Stall(const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    stalled_.insert(portal);
    ForEachController(portal, [](nvme::Controller& controller) {
      controller.state = nvme::ControllerState::kConnecting;
    });
  }

  // Undoes Refuse, Silence, Hang and Stall: connects succeed, controllers go live.
  void Heal(const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    refused_.erase(portal);
    silent_.erase(portal);
    hanging_.erase(portal);
    stalled_.erase(portal);
    ForEachController(portal, [](nvme::Controller& controller) {
      controller.state = nvme::ControllerState::kLive;
    });
    ++events_;
    std::vector<std::pair<std::string, std::string>> healed;
    for (const auto& [nqn, local] : locals_) {
      for (const nvme::Controller& each : local.picture.controllers) {
        if (each.path.portal == portal) healed.emplace_back(nqn, each.name);
      }
    }
    for (const auto& [nqn, name] : healed) Scan(nqn, Appearance::kOnWait, name);
  }

  // The kernel gave the portal's controllers up (ctrl_loss_tmo); with their last path go the disks.
  void Drop(const volume::Portal& portal) {
    const absl::MutexLock lock(&mutex_);
    std::vector<std::string> names;
    ForEachController(portal,
                      [&](nvme::Controller& controller) { names.push_back(controller.name); });
    for (const std::string& name : names) Remove(name);
  }

  // --- The node's side ---

  // The machine starts anew: nothing is connected.
  void Reboot() {
    const absl::MutexLock lock(&mutex_);
    locals_.clear();
    held_.clear();
    holders_.clear();
    released_.clear();
    script_.clear();
    ++events_;
  }

  // The kernel gave one controller up; with their last path go the disks.
  void Lose(const std::string& controller) {
    const absl::MutexLock lock(&mutex_);
    Remove(controller);
  }

  // Another program of this host connected a path, with the same host NQN or one of its own.
  void ConnectAsPeer(const volume::Target& target, const volume::Portal& portal,
                     const std::string& host_nqn = kHostNqn) {
    ConnectAsPeer(target.subsystem, volume::Path{portal, {}}, host_nqn);
  }
  void ConnectAsPeer(const volume::Nqn& nqn, const volume::Path& path,
                     const std::string& host_nqn = kHostNqn) {
    const absl::MutexLock lock(&mutex_);
    const std::string name = AddController(nqn.text(), path, host_nqn);
    Scan(nqn.text(), Appearance::kAtOnce, name);
  }

  // A mount or an open file holds the subsystem's disks: when all controllers are gone, the
  // subsystem stays, empty, until they are released.
  void SetHeld(const volume::Nqn& nqn, bool held) {
    const absl::MutexLock lock(&mutex_);
    if (held) {
      held_.insert(nqn.text());
    } else {
      held_.erase(nqn.text());
      EraseIfEmpty(nqn.text());
    }
  }

  // dm, loop or the like is stacked on the disk.
  void SetHolders(base::DeviceNumber number, bool present) {
    const absl::MutexLock lock(&mutex_);
    if (present) {
      holders_.insert(number);
    } else {
      holders_.erase(number);
    }
  }

  // From now on a new disk gets name and number of one that is gone and of which this says that
  // nobody holds it, as the real one does it; and the subsystem of a disk that is held when it
  // goes outlives its controllers, until SetHeld says that it is not.
  void ReuseNumbers(std::function<bool(base::DeviceNumber)> is_free) {
    const absl::MutexLock lock(&mutex_);
    is_free_ = std::move(is_free);
  }

  void SetNativeMultipath(bool native) {
    const absl::MutexLock lock(&mutex_);
    native_multipath_ = native;
  }

  // A state that no other verb reaches, for example kResetting or kDeleting: a Disconnect then
  // returns at once, and the controller goes when it goes (Lose).
  void SetState(const std::string& controller, nvme::ControllerState state) {
    const absl::MutexLock lock(&mutex_);
    for (auto& [nqn, local] : locals_) {
      for (nvme::Controller& each : local.picture.controllers) {
        if (each.name == controller) each.state = state;
      }
    }
  }

  // --- The script ---

  // Runs when somebody waits and no event is queued; one change for each time that a wait would
  // block, in order. A change without an event does not end the wait.
  void OnWait(std::function<void()> change) { After(absl::ZeroDuration(), std::move(change)); }

  // The same, not before this long from now; a wait that reaches so far moves the clock there.
  void After(absl::Duration delay, std::function<void()> change) {
    const absl::MutexLock lock(&mutex_);
    script_.emplace(clock_.Now() + delay, std::move(change));
  }

  // Called before each effect with its line of log(); a status that is not OK is the effect's
  // result, and the effect does not happen. For crash tests and failures at the n-th step.
  void SetGate(std::function<absl::Status(const std::string& effect)> gate) {
    const absl::MutexLock lock(&mutex_);
    gate_ = std::move(gate);
  }

  // --- What was asked of it ---

  // Every effect in order: "connect <path>", "disconnect <controller>", "rescan <controller>",
  // "io_policy <subsystem> <policy>"; the path as volume::Describe writes it.
  std::vector<std::string> log() const {
    const absl::MutexLock lock(&mutex_);
    return log_;
  }

  // How many lines of log() begin with this word.
  int Count(absl::string_view effect) const {
    const absl::MutexLock lock(&mutex_);
    return static_cast<int>(std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
      return absl::StartsWith(line, effect);
    }));
  }

  // How often the topology was read, portals were probed, events subscribed to; options of the last
  // Connect.
  int looks() const {
    const absl::MutexLock lock(&mutex_);
    return looks_;
  }
  int probes() const {
    const absl::MutexLock lock(&mutex_);
    return probes_;
  }
  int subscriptions() const {
    const absl::MutexLock lock(&mutex_);
    return subscriptions_;
  }
  volume::ConnectOptions last_options() const {
    const absl::MutexLock lock(&mutex_);
    return last_options_;
  }

  // One of the disk's paths is live.
  bool Answers(base::DeviceNumber number) const {
    const absl::MutexLock lock(&mutex_);
    for (const auto& [nqn, local] : locals_) {
      for (const nvme::Namespace& ns : local.picture.namespaces) {
        if (ns.number == number) return nvme::IsServed(local.picture, ns.nsid);
      }
    }
    return false;
  }

  // The picture without counting as a look; nothing when there is no such subsystem.
  std::optional<nvme::Subsystem> Peek(const volume::Nqn& nqn) const {
    const absl::MutexLock lock(&mutex_);
    const auto local = locals_.find(nqn.text());
    if (local == locals_.end()) return std::nullopt;
    return local->second.picture;
  }

  // --- nvme::Topology ---

  absl::StatusOr<std::optional<nvme::Subsystem>> Find(const volume::Nqn& nqn) const override {
    {
      const absl::MutexLock lock(&mutex_);
      ++looks_;
    }
    return Peek(nqn);
  }

  absl::StatusOr<std::vector<nvme::Subsystem>> All() const override {
    const absl::MutexLock lock(&mutex_);
    ++looks_;
    std::vector<nvme::Subsystem> all;
    for (const auto& [nqn, local] : locals_) all.push_back(local.picture);
    return all;
  }

  absl::StatusOr<bool> NativeMultipath() const override {
    const absl::MutexLock lock(&mutex_);
    return native_multipath_;
  }

  absl::StatusOr<bool> Exists(base::DeviceNumber number) const override {
    return SizeBytes(number).ok();
  }

  absl::StatusOr<std::uint64_t> SizeBytes(base::DeviceNumber number) const override {
    const absl::MutexLock lock(&mutex_);
    for (const auto& [nqn, local] : locals_) {
      for (const nvme::Namespace& ns : local.picture.namespaces) {
        if (ns.number == number) return ns.size_bytes;
      }
    }
    return absl::NotFoundError(absl::StrCat("no block device ", base::Describe(number)));
  }

  absl::StatusOr<bool> HasHolders(const nvme::Namespace& ns) const override {
    const absl::MutexLock lock(&mutex_);
    return holders_.contains(ns.number);
  }

  // --- nvme::Fabric ---

  absl::Status Connect(const nvme::ConnectRequest& request) override {
    if (absl::Status s = Enter(absl::StrCat("connect ", Describe(request.path))); !s.ok()) return s;
    const absl::MutexLock lock(&mutex_);
    last_options_ = request.options;
    const std::string& nqn = request.subsystem.text();
    if (IsConnected(nqn, request.path)) return absl::AlreadyExistsError("already connected");
    const volume::Portal& portal = request.path.portal;
    if (silent_.contains(portal)) {
      clock_.SleepUntil(clock_.Now() + absl::Seconds(3));
      return absl::UnavailableError("connection timed out");
    }
    if (hanging_.contains(portal)) {
      clock_.SleepUntil(clock_.Now() + absl::Seconds(60));
      return absl::UnavailableError("input/output error");
    }
    if (const auto refused = refused_.find(portal); refused != refused_.end()) {
      return refused->second;
    }
    const auto remote = remotes_.find(nqn);
    if (remote == remotes_.end() || !remote->second.portals.contains(portal)) {
      return absl::UnavailableError("no such target, or this host is not allowed");
    }
    const auto keys = request.keys.has_value() ? request.keys : KeysInUse(nqn);
    if (remote->second.keys.has_value() && keys != remote->second.keys) {
      return absl::PermissionDeniedError("the host did not prove who it is");
    }
    const std::string name = AddController(nqn, request.path);
    if (keys.has_value()) keys_.insert_or_assign(name, *keys);
    Scan(nqn, Appearance::kAtOnce, name);
    ScanLater(nqn, Appearance::kOnWait, name);
    return absl::OkStatus();
  }

  absl::Status Disconnect(const volume::Nqn& subsystem, const std::string& controller) override {
    if (absl::Status s = Enter(absl::StrCat("disconnect ", controller)); !s.ok()) return s;
    const absl::MutexLock lock(&mutex_);
    if (OwnerOf(controller) == subsystem.text() && !IsDeleting(controller)) Remove(controller);
    return absl::OkStatus();
  }

  absl::Status Rescan(const std::string& controller) override {
    if (absl::Status s = Enter(absl::StrCat("rescan ", controller)); !s.ok()) return s;
    const absl::MutexLock lock(&mutex_);
    const std::optional<std::string> nqn = OwnerOf(controller);
    if (!nqn.has_value()) return absl::NotFoundError(absl::StrCat("no controller ", controller));
    ScanLater(*nqn, Appearance::kOnRescan, controller);
    return absl::OkStatus();
  }

  absl::Status SetIoPolicy(const std::string& subsystem_name, volume::IoPolicy policy) override {
    const std::string text(volume::Name(policy));
    if (absl::Status s = Enter(absl::StrCat("io_policy ", subsystem_name, " ", text)); !s.ok()) {
      return s;
    }
    const absl::MutexLock lock(&mutex_);
    for (auto& [nqn, local] : locals_) {
      if (local.picture.name != subsystem_name) continue;
      local.picture.io_policy = text;
      return absl::OkStatus();
    }
    return absl::NotFoundError(absl::StrCat("no subsystem ", subsystem_name));
  }

  // --- nvme::PortalProbe ---

  std::vector<absl::Status> Probe(const std::vector<volume::Path>& paths, int enough,
                                  absl::Time deadline) override {
    const absl::MutexLock lock(&mutex_);
    ++probes_;
    std::vector<absl::Status> answers;
    bool silence = false;
    for (const volume::Path& path : paths) {
      const auto refused = refused_.find(path.portal);
      const bool refuses = nvme::IsProbed(path) && refused != refused_.end();
      answers.push_back(refuses ? refused->second : absl::OkStatus());
      silence = silence || IsSilent(path);
    }
    if (!silence) return answers;
    const auto answered =
        std::count_if(paths.begin(), paths.end(),
                      [&](const volume::Path& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                        return nvme::IsProbed(path) && !refused_.contains(path.portal) &&
                               !silent_.contains(path.portal);
                      });
    const bool early = answered >= enough;
    if (!early) clock_.SleepUntil(deadline);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!IsSilent(paths[i])) continue;
      answers[i] = early ? absl::DeadlineExceededError("no answer yet")
                         : absl::UnavailableError("nothing answers");
    }
    return answers;
  }

  // --- nvme::Uevents ---

  absl::StatusOr<std::unique_ptr<nvme::UeventSubscription>> Subscribe() override {
    const absl::MutexLock lock(&mutex_);
    ++subscriptions_;
    return std::make_unique<Subscription>(*this, events_);
  }

 private:
  // Keeps a probe waiting.
  bool IsSilent(const volume::Path& path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return nvme::IsProbed(path) && silent_.contains(path.portal);
  }

  struct RemoteNamespace {
    volume::NamespaceIdentity identity;
    std::uint64_t size_bytes = 0;
    Appearance appearance = Appearance::kAtOnce;
  };
  struct Remote {
    std::set<volume::Portal> portals;
    std::map<std::uint32_t, RemoteNamespace> namespaces;
    std::optional<volume::AuthenticationKeys> keys = {};
  };
  struct Local {
    nvme::Subsystem picture;
    int instance = 0;
    int next_head = 5;
  };

  class Subscription final : public nvme::UeventSubscription {
   public:
    Subscription(FakeKernel& kernel, int seen) : kernel_(kernel), seen_(seen) {}
    absl::StatusOr<bool> WaitUntil(absl::Time deadline) override {
      while (true) {
        std::function<void()> change;
        {
          const absl::MutexLock lock(&kernel_.mutex_);
          if (std::exchange(seen_, kernel_.events_) != kernel_.events_) return true;
          change = kernel_.TakeChange(deadline);
        }
        if (change == nullptr) break;
        change();
      }
      kernel_.clock_.SleepUntil(deadline);
      return false;
    }

   private:
    FakeKernel& kernel_;
    int seen_;
  };

  // The gate runs without the lock: a test may let it block or call back.
  absl::Status Enter(std::string effect) {
    std::function<absl::Status(const std::string&)> gate;
    {
      const absl::MutexLock lock(&mutex_);
      log_.push_back(effect);
      gate = gate_;
    }
    return gate == nullptr ? absl::OkStatus() : gate(effect);
  }

  // The next scripted change that is due before the deadline; the clock moves to it.
  std::function<void()> TakeChange(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (script_.empty() || clock_.Now() >= deadline) return nullptr;
    const auto next = script_.begin();
    if (next->first > deadline) return nullptr;
    if (next->first > clock_.Now()) clock_.SleepUntil(next->first);
    std::function<void()> change = std::move(next->second);
    script_.erase(next);
    return change;
  }

  std::optional<volume::AuthenticationKeys> KeysInUse(const std::string& nqn) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto local = locals_.find(nqn);
    if (local == locals_.end()) return std::nullopt;
    for (const nvme::Controller& controller : local->second.picture.controllers) {
      if (const auto found = keys_.find(controller.name); found != keys_.end()) {
        return found->second;
      }
    }
    return std::nullopt;
  }

  bool IsConnected(const std::string& nqn, const volume::Path& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto local = locals_.find(nqn);
    return local != locals_.end() && nvme::MissingPaths(local->second.picture, {path}).empty();
  }

  static bool IsLive(const nvme::Controller& controller) {
    return controller.state == nvme::ControllerState::kLive;
  }
  static bool HasPathDisk(const nvme::Controller& controller, std::uint32_t nsid) {
    return absl::c_linear_search(controller.serves, nsid) ||
           absl::c_linear_search(controller.closed, nsid);
  }
  static bool HasPath(const Local& local, std::uint32_t nsid) {
    return absl::c_any_of(local.picture.controllers,
                          [nsid](const nvme::Controller& each) { return HasPathDisk(each, nsid); });
  }
  static bool Is(const nvme::Namespace& ns, const RemoteNamespace& remote) {
    return remote.identity.uuid == ns.uuid && remote.identity.nguid == ns.nguid;
  }

  // Its name.
  std::string AddController(const std::string& nqn, const volume::Path& path,
                            const std::string& host_nqn = kHostNqn)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int instance = next_instance_++;
    Local& local = locals_[nqn];
    if (local.picture.name.empty()) {
      local.instance = instance;
      local.picture.name = absl::StrCat("nvme-subsys", instance);
      local.picture.nqn = nqn;
      local.picture.io_policy = "numa";
    }
    const bool stalled = stalled_.contains(path.portal);
    local.picture.controllers.push_back(
        {absl::StrCat("nvme", instance),
         stalled ? nvme::ControllerState::kConnecting : nvme::ControllerState::kLive, path,
         host_nqn});
    ++events_;
    return local.picture.controllers.back().name;
  }

  // Makes the disks agree with the target, as scans of the namespaces by this controller or by all
  // do it; those that are not live keep what they have. `reason` says which namespaces show
  // themselves for the first time.
  void Scan(const std::string& nqn, Appearance reason, const std::string& only = "")
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = locals_.find(nqn);
    if (found == locals_.end()) return;
    Local& local = found->second;
    const auto& offered = remotes_[nqn].namespaces;
    std::set<std::uint32_t> dropped;
    std::vector<nvme::Controller*> scanning;
    for (nvme::Controller& each : local.picture.controllers) {
      if (IsLive(each) && (only.empty() || each.name == only)) scanning.push_back(&each);
    }
    for (const nvme::Namespace& ns : local.picture.namespaces) {
      const auto remote = offered.find(ns.nsid);
      if (remote != offered.end() && Is(ns, remote->second)) continue;
      for (nvme::Controller* controller : scanning) {
        if (!HasPathDisk(*controller, ns.nsid)) continue;
        std::erase(controller->serves, ns.nsid);
        std::erase(controller->closed, ns.nsid);
        dropped.insert(ns.nsid);
      }
    }
    RemoveDisksWithoutPath(nqn, local);
    for (const auto& [nsid, remote] : offered) {
      if (dropped.contains(nsid)) continue;
      for (nvme::Controller* each : scanning) Refresh(local, *each, nsid, remote, reason);
    }
  }

  void Refresh(Local& local, nvme::Controller& controller, std::uint32_t nsid,
               const RemoteNamespace& remote, Appearance reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (nvme::Namespace& ns : local.picture.namespaces) {
      if (ns.nsid != nsid) continue;
      if (!Is(ns, remote)) return;
      if (!HasPathDisk(controller, nsid)) {
        // Without an event; and every scan finds it but that of a connect, which goes on when the
        // connect returns.
        if (reason < remote.appearance && reason == Appearance::kAtOnce) return;
        controller.serves.push_back(nsid);
      }
      if (std::exchange(ns.size_bytes, remote.size_bytes) != remote.size_bytes) ++events_;
      return;
    }
    if (remote.appearance > reason) return;
    nvme::Namespace ns;
    NameDisk(local, ns);
    ns.nsid = nsid;
    ns.uuid = remote.identity.uuid;
    ns.nguid = remote.identity.nguid;
    ns.size_bytes = remote.size_bytes;
    local.picture.namespaces.push_back(std::move(ns));
    controller.serves.push_back(nsid);
    ++events_;
  }

  void RemoveDisksWithoutPath(const std::string& nqn, Local& local)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<nvme::Namespace> stay;
    for (nvme::Namespace& ns : local.picture.namespaces) {
      if (HasPath(local, ns.nsid)) {
        stay.push_back(std::move(ns));
        continue;
      }
      if (is_free_ != nullptr && !is_free_(ns.number)) held_.insert(nqn);
      released_.push_back(std::move(ns));
      ++events_;
    }
    local.picture.namespaces = std::move(stay);
  }

  void NameDisk(Local& local, nvme::Namespace& ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto old = released_.begin(); old != released_.end(); ++old) {
      if (is_free_ == nullptr || !is_free_(old->number)) continue;
      ns.name = old->name;
      ns.device_path = old->device_path;
      ns.number = old->number;
      released_.erase(old);
      return;
    }
    ns.name = absl::StrCat("nvme", local.instance, "n", local.next_head++);
    ns.device_path = absl::StrCat("/dev/", ns.name);
    ns.number = {259, next_minor_++};
  }

  void ScanLater(const std::string& nqn, Appearance reason, const std::string& controller)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    script_.emplace(clock_.Now(), [this, nqn, reason, controller] {
      const absl::MutexLock lock(&mutex_);
      Scan(nqn, reason, controller);
    });
  }

  template <typename Body>
  void ForEachController(const volume::Portal& portal, Body body)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto& [nqn, local] : locals_) {
      for (nvme::Controller& each : local.picture.controllers) {
        if (each.path.portal == portal) body(each);
      }
    }
  }

  std::optional<std::string> OwnerOf(const std::string& controller) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& [nqn, local] : locals_) {
      for (const nvme::Controller& each : local.picture.controllers) {
        if (each.name == controller) return nqn;
      }
    }
    return std::nullopt;
  }

  bool IsDeleting(const std::string& controller) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return absl::c_any_of(locals_, [&](const auto& local) {
      return absl::c_any_of(local.second.picture.controllers, [&](const nvme::Controller& each) {
        return each.name == controller && each.state == nvme::ControllerState::kDeleting;
      });
    });
  }

  void Remove(const std::string& controller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::optional<std::string> nqn = OwnerOf(controller);
    if (!nqn.has_value()) return;
    Local& local = locals_[*nqn];
    std::erase_if(local.picture.controllers,
                  [&](const nvme::Controller& each) { return each.name == controller; });
    ++events_;
    RemoveDisksWithoutPath(*nqn, local);
    EraseIfEmpty(*nqn);
  }

  void EraseIfEmpty(const std::string& nqn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto local = locals_.find(nqn);
    if (local == locals_.end() || held_.contains(nqn)) return;
    if (local->second.picture.controllers.empty()) locals_.erase(local);
  }

  base::Clock& clock_;

  mutable absl::Mutex mutex_;
  std::map<std::string, Remote> remotes_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Local> locals_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, volume::AuthenticationKeys> keys_ ABSL_GUARDED_BY(mutex_);  // by controller
  std::map<volume::Portal, absl::Status> refused_ ABSL_GUARDED_BY(mutex_);
  std::set<volume::Portal> silent_ ABSL_GUARDED_BY(mutex_);
  std::set<volume::Portal> hanging_ ABSL_GUARDED_BY(mutex_);
  std::set<volume::Portal> stalled_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::set<base::DeviceNumber> holders_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, std::function<void()>> script_ ABSL_GUARDED_BY(mutex_);
  std::vector<nvme::Namespace> released_ ABSL_GUARDED_BY(mutex_);  // disks that are gone
  std::function<bool(base::DeviceNumber)> is_free_ ABSL_GUARDED_BY(mutex_);
  std::function<absl::Status(const std::string&)> gate_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> log_ ABSL_GUARDED_BY(mutex_);
  volume::ConnectOptions last_options_ ABSL_GUARDED_BY(mutex_);
  bool native_multipath_ ABSL_GUARDED_BY(mutex_) = true;
  mutable int looks_ ABSL_GUARDED_BY(mutex_) = 0;
  int probes_ ABSL_GUARDED_BY(mutex_) = 0;
  int subscriptions_ ABSL_GUARDED_BY(mutex_) = 0;
  int events_ ABSL_GUARDED_BY(mutex_) = 0;
  int next_instance_ ABSL_GUARDED_BY(mutex_) = 3;
  unsigned next_minor_ ABSL_GUARDED_BY(mutex_) = 40;
};

}  // namespace nvmeof::testing
