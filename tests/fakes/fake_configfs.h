// FakeConfigfs: the kernel target's configuration tree in memory, with the kernel's own rules about
// order and times, and hosts whose commands it may still hold.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"

#include "target/configfs.h"
#include "tests/fakes/effects.h"
#include "volume/uuid.h"

namespace nvmeof::testing {

// Internally synchronised. Borrows the effects.
class FakeConfigfs final : public target::Configfs {
 public:
  // Commands that the kernel took from a host's connection belong to the subsystem object that it
  // was made to, whatever has the same name later.
  struct Connection {
    std::string subsystem;
    int object = 0;
  };

  explicit FakeConfigfs(Effects& effects) : effects_(effects) { Reboot(); }

  void Reboot() {
    const absl::MutexLock lock(&mutex_);
    objects_ = {{"hosts", 0}, {"ports", 0}, {"subsystems", 0}};
    values_.clear();
    links_.clear();
    had_hosts_.clear();
  }

  // No connection when the port does not serve the subsystem or the host is not allowed.
  std::optional<Connection> Connect(const std::string& subsystem, const std::string& host) {
    const absl::MutexLock lock(&mutex_);
    const std::string path = absl::StrCat("subsystems/", subsystem);
    if (LinksTo(path).empty()) return std::nullopt;
    if (!links_.contains(absl::StrCat(path, "/allowed_hosts/", host))) return std::nullopt;
    had_hosts_.insert(path);
    return Connection{subsystem, objects_.at(path)};
  }

  // Whether a write that was sent over the connection can still reach a volume.
  bool Reaches(const Connection& connection) const {
    const absl::MutexLock lock(&mutex_);
    const std::string path = absl::StrCat("subsystems/", connection.subsystem);
    const auto object = objects_.find(path);
    const auto enabled = values_.find(path + "/namespaces/1/enable");
    return object != objects_.end() && object->second == connection.object &&
           enabled != values_.end() && enabled->second == "1";
  }

  // An address that no interface has: its port cannot begin to listen.
  void TakeDown(const std::string& address) {
    const absl::MutexLock lock(&mutex_);
    down_.insert(address);
  }

  void BringUp(const std::string& address) {
    const absl::MutexLock lock(&mutex_);
    down_.erase(address);
  }

  void LoseBacking(const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    lost_.insert(path);
  }

  // What another process does just before each link.
  void BeforeLink(std::function<void()> hook) { before_link_ = std::move(hook); }

  // All values and links, for comparing.
  std::map<std::string, std::string> Snapshot() const {
    const absl::MutexLock lock(&mutex_);
    std::map<std::string, std::string> all = values_;
    for (const auto& [link, object] : links_) all[link] = absl::StrCat("-> ", object);
    return all;
  }

  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const absl::MutexLock lock(&mutex_);
    const auto value = values_.find(path);
    if (value == values_.end()) return absl::NotFoundError(path);
    return value->second;
  }

  absl::Status Write(const std::string& path, const std::string& value) override {
    const absl::MutexLock lock(&mutex_);
    if (!values_.contains(path)) return absl::NotFoundError(path);
    if (absl::Status allowed = CheckWrite(path, value); !allowed.ok()) return allowed;
    if (absl::Status leave = Leave(absl::StrCat("write ", path, " ", value)); !leave.ok()) {
      return leave;
    }
    const bool identity = absl::EndsWith(path, "_uuid") || absl::EndsWith(path, "_nguid");
    values_[path] = identity ? volume::Uuid::Parse(value)->Dashed() : value;
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& path) const override {
    const absl::MutexLock lock(&mutex_);
    if (!objects_.contains(path)) return absl::NotFoundError(path);
    return Children(path);
  }

  absl::StatusOr<bool> MakeDirectory(const std::string& path) override {
    const absl::MutexLock lock(&mutex_);
    if (objects_.contains(path)) return false;
    if (!objects_.contains(Parent(path))) return absl::NotFoundError(path);
    if (absl::Status leave = Leave(absl::StrCat("mkdir ", path)); !leave.ok()) return leave;
    Insert(path);
    const std::string kind = Name(Parent(path));
    if (kind == "hosts") AddValues(path, {{"dhchap_key", "(null)"}});
    if (kind == "ports") {
      AddValues(path, {{"addr_trtype", ""}, {"addr_adrfam", ""}});
      AddValues(path, {{"addr_traddr", ""}, {"addr_trsvcid", ""}});
      Insert(path + "/subsystems");
      AddValues(path, {{"ana_groups/1/ana_state", "optimized"}});
    }
    if (kind == "subsystems") {
      AddValues(path,
                {{"attr_allow_any_host", "0"}, {"attr_serial", "0"}, {"attr_model", "Linux"}});
      Insert(path + "/namespaces");
      Insert(path + "/allowed_hosts");
    }
    if (kind == "namespaces") {
      AddValues(path, {{"device_path", "(null)"}, {"enable", "0"}, {"revalidate_size", "0"}});
      AddValues(path, {{"device_uuid", "random"}, {"device_nguid", "zeros"}});
    }
    return true;
  }

  absl::Status RemoveDirectory(const std::string& path) override {
    const absl::MutexLock lock(&mutex_);
    if (!objects_.contains(path)) return absl::OkStatus();
    if (!LinksTo(path).empty()) return absl::FailedPreconditionError(path);
    for (const char* group : {"/namespaces", "/allowed_hosts", "/subsystems"}) {
      if (!Children(path + group).empty()) return absl::InternalError(path);
    }
    if (absl::Status leave = Leave(absl::StrCat("rmdir ", path)); !leave.ok()) return leave;
    const auto inside = [&path](const auto& entry) {
      return entry.first == path || absl::StartsWith(entry.first, path + "/");
    };
    std::erase_if(objects_, inside);
    std::erase_if(values_, inside);
    had_hosts_.erase(path);
    return absl::OkStatus();
  }

  absl::Status Link(const std::string& object, const std::string& link) override {
    if (before_link_) before_link_();
    const absl::MutexLock lock(&mutex_);
    if (!objects_.contains(object) || !objects_.contains(Parent(link))) {
      return absl::NotFoundError(link);
    }
    if (links_.contains(link)) return absl::OkStatus();
    if (absl::StartsWith(link, "ports/")) {
      if (absl::Status allowed = CheckListen(Parent(Parent(link))); !allowed.ok()) return allowed;
    }
    if (absl::Status leave = Leave(absl::StrCat("link ", link)); !leave.ok()) return leave;
    links_[link] = object;
    return absl::OkStatus();
  }

  absl::Status Unlink(const std::string& link) override {
    const absl::MutexLock lock(&mutex_);
    if (!links_.contains(link)) return absl::OkStatus();
    if (absl::Status leave = Leave(absl::StrCat("unlink ", link)); !leave.ok()) return leave;
    links_.erase(link);
    return absl::OkStatus();
  }

 private:
  static std::string Parent(const std::string& path) { return path.substr(0, path.rfind('/')); }
  static std::string Name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  // The lock is given back while a test's hook runs.
  absl::Status Leave(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    mutex_.Unlock();
    absl::Status leave = effects_.Do(name);
    mutex_.Lock();
    return leave;
  }

  void Insert(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    objects_[path] = ++last_object_;
  }

  void AddValues(const std::string& path, const std::map<std::string, std::string>& values)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& [name, value] : values) values_[absl::StrCat(path, "/", name)] = value;
  }

  std::vector<std::string> Children(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::set<std::string> names;
    for (const auto& [object, id] : objects_) {
      if (absl::StrContains(object, '/') && Parent(object) == path) names.insert(Name(object));
    }
    for (const auto& [link, object] : links_) {
      if (Parent(link) == path) names.insert(Name(link));
    }
    return {names.begin(), names.end()};
  }

  std::vector<std::string> LinksTo(const std::string& object) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<std::string> links;
    for (const auto& [link, target] : links_) {
      if (target == object) links.push_back(link);
    }
    return links;
  }

  absl::Status CheckWrite(const std::string& path, const std::string& value) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string name = Name(path);
    if (name == "attr_serial" || name == "attr_model") {
      if (had_hosts_.contains(Parent(path))) return absl::InternalError("EINVAL: a host connected");
      if (value.size() > (name == "attr_serial" ? 20 : 40)) return absl::InternalError("EINVAL");
    }
    if (absl::StartsWith(name, "addr_") && !Children(Parent(path) + "/subsystems").empty()) {
      return absl::PermissionDeniedError("EACCES: the port listens");
    }
    const auto enabled = values_.find(Parent(path) + "/enable");
    if (enabled == values_.end()) return absl::OkStatus();
    if (absl::StartsWith(name, "device_") && enabled->second == "1") {
      return absl::FailedPreconditionError("EBUSY: enabled");
    }
    if (name == "revalidate_size" && enabled->second != "1") return absl::InternalError("EINVAL");
    if (name == "enable" && value == "1") {
      const std::string& backing = values_.at(Parent(path) + "/device_path");
      if (backing == "(null)") return absl::InternalError("EINVAL: no device_path");
      if (lost_.contains(backing)) return absl::NotFoundError(backing);
    }
    return absl::OkStatus();
  }

  absl::Status CheckListen(const std::string& port) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string address = values_.at(port + "/addr_traddr");
    const std::string service = values_.at(port + "/addr_trsvcid");
    if (address.empty() || service.empty() || values_.at(port + "/addr_adrfam").empty()) {
      return absl::InternalError("EINVAL: half a port");
    }
    if (!Children(port + "/subsystems").empty()) return absl::OkStatus();
    if (down_.contains(address)) return absl::InternalError("EADDRNOTAVAIL");
    for (const std::string& other : Children("ports")) {
      const std::string path = absl::StrCat("ports/", other);
      if (values_.at(path + "/addr_traddr") == address &&
          values_.at(path + "/addr_trsvcid") == service &&
          !Children(path + "/subsystems").empty()) {
        return absl::InternalError("EADDRINUSE");
      }
    }
    return absl::OkStatus();
  }

  Effects& effects_;
  std::function<void()> before_link_;

  mutable absl::Mutex mutex_;
  std::map<std::string, int> objects_ ABSL_GUARDED_BY(mutex_);  // folders; the number is the object
  std::map<std::string, std::string> values_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> links_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> had_hosts_ ABSL_GUARDED_BY(mutex_);  // subsystems
  std::set<std::string> down_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> lost_ ABSL_GUARDED_BY(mutex_);
  int last_object_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace nvmeof::testing
