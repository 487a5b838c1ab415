#include "tests/fakes/fake_spdk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "tests/fakes/changes.h"
#include "volume/uuid.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kCluster = std::int64_t{4} << 20;
constexpr std::int64_t kBlock = 4096;
constexpr char kStore[] = "store";
constexpr char kStoreUuid[] = "5f0c2a9e-1f4b-4b52-9d3e-6b8f0d6a7c11";

using google::protobuf::Struct;
using google::protobuf::Value;

Value Text(std::string text) {
  Value value;
  value.set_string_value(std::move(text));
  return value;
}
Value Number(std::int64_t number) {
  Value value;
  value.set_number_value(static_cast<double>(number));
  return value;
}
Value Bool(bool truth) {
  Value value;
  value.set_bool_value(truth);
  return value;
}
Value True() { return Bool(true); }
Value List(const std::vector<Value>& values) {
  Value value;
  value.mutable_list_value();
  for (const Value& each : values) *value.mutable_list_value()->add_values() = each;
  return value;
}
Value Object(const std::map<std::string, Value>& fields) {
  Value value;
  for (const auto& [key, field] : fields) {
    (*value.mutable_struct_value()->mutable_fields())[key] = field;
  }
  return value;
}

std::string Get(const Struct& params, const std::string& key) {
  const auto found = params.fields().find(key);
  return found == params.fields().end() ? "" : found->second.string_value();
}
std::int64_t GetNumber(const Struct& params, const std::string& key) {
  const auto found = params.fields().find(key);
  return found == params.fields().end() ? 0
                                        : static_cast<std::int64_t>(found->second.number_value());
}
const Struct& GetObject(const Struct& params, const std::string& key) {
  return params.fields().at(key).struct_value();
}

std::int64_t Clusters(std::int64_t bytes) { return (bytes + kCluster - 1) / kCluster; }

}  // namespace

class FakeSpdk::Transport final : public backend::RpcTransport {
 public:
  explicit Transport(FakeSpdk& target) : target_(target) {}
  absl::StatusOr<std::string> Exchange(absl::string_view request, absl::Time) override {
    return target_.Exchange(request);
  }
  std::string Describe() const override { return "fake SPDK"; }

 private:
  FakeSpdk& target_;
};

std::unique_ptr<backend::RpcTransport> FakeSpdk::Connect() {
  return std::make_unique<Transport>(*this);
}

void FakeSpdk::Restart() {
  const absl::MutexLock lock(&mutex_);
  for (const auto& [nqn, subsystem] : subsystems_) {
    if (effects_ != nullptr) effects_->SubsystemIs(nqn, nullptr).IgnoreError();
  }
  subsystems_.clear();
}

int FakeSpdk::requests() {
  const absl::MutexLock lock(&mutex_);
  return requests_;
}

void FakeSpdk::LoseAnswer(int n, bool carried_out) {
  const absl::MutexLock lock(&mutex_);
  until_loss_ = n;
  carried_out_ = carried_out;
}

void FakeSpdk::Meanwhile(int n, std::function<void()> hook) {
  const absl::MutexLock lock(&mutex_);
  until_hook_ = n;
  hook_ = std::move(hook);
}

void FakeSpdk::RunHook() {
  std::function<void()> hook;
  {
    const absl::MutexLock lock(&mutex_);
    if (until_hook_ == 0 || --until_hook_ > 0) return;
    hook = std::move(hook_);
  }
  hook();
}

void FakeSpdk::AddLvol(const std::string& name, std::int64_t size_bytes) {
  const absl::MutexLock lock(&mutex_);
  lvols_.emplace(volume::Uuid::Random().Dashed(), Lvol{name, size_bytes, true});
}

void FakeSpdk::RenameLvol(const std::string& uuid, const std::string& name) {
  const absl::MutexLock lock(&mutex_);
  lvols_.at(uuid).name = name;
}

void FakeSpdk::Meddle(const std::string& nqn, const std::function<void(Subsystem&)>& change) {
  const absl::MutexLock lock(&mutex_);
  change(subsystems_[nqn]);
}

bool FakeSpdk::ConnectHost(const std::string& nqn, const std::string& host) {
  const absl::MutexLock lock(&mutex_);
  const auto found = subsystems_.find(nqn);
  if (found == subsystems_.end() || found->second.listeners.empty()) return false;
  const std::vector<std::string>& hosts = found->second.hosts;
  if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) return false;
  found->second.connected.insert(host);
  return true;
}

std::map<std::string, FakeSpdk::Lvol> FakeSpdk::lvols() {
  const absl::MutexLock lock(&mutex_);
  return lvols_;
}

std::map<std::string, FakeSpdk::Subsystem> FakeSpdk::subsystems() {
  const absl::MutexLock lock(&mutex_);
  return subsystems_;
}

std::vector<std::string> FakeSpdk::methods() {
  const absl::MutexLock lock(&mutex_);
  return methods_;
}

absl::StatusOr<std::string> FakeSpdk::Exchange(absl::string_view request) {
  Struct asked;
  if (!google::protobuf::util::JsonStringToMessage(std::string(request), &asked).ok()) {
    return absl::UnavailableError("the connection was closed");
  }
  RunHook();
  const absl::MutexLock lock(&mutex_);
  ++requests_;
  const bool lost = until_loss_ > 0 && --until_loss_ == 0;
  Outcome outcome;
  if (!lost || carried_out_) {
    const std::string method = Get(asked, "method");
    methods_.push_back(method);
    outcome = PerformWithEffects(
        method, asked.fields().contains("params") ? GetObject(asked, "params") : Struct());
  }
  if (lost) return absl::UnavailableError("the connection was closed");
  std::map<std::string, Value> answer = {{"jsonrpc", Text("2.0")}, {"id", asked.fields().at("id")}};
  if (outcome.failure.code == 0) {
    answer["result"] = outcome.result;
  } else {
    answer["error"] = Object(
        {{"code", Number(outcome.failure.code)}, {"message", Text(outcome.failure.message)}});
  }
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(Object(answer), &json).ok()) {
    return absl::InternalError("no JSON");
  }
  return json + "\n";
}

absl::Status FakeSpdk::Apply(const std::map<std::string, Lvol>& lvols,
                             const std::map<std::string, Subsystem>& subsystems) {
  // A volume is there before somebody exports it, and goes after its export.
  std::map<std::string, Lvol> kept = lvols_;
  kept.insert(lvols.begin(), lvols.end());
  const auto lvol_is = [this](const std::string& uuid, const Lvol* lvol) {
    return effects_->LvolIs(uuid, lvol);
  };
  absl::Status applied = ForEachChange(lvols, kept, lvol_is);
  applied.Update(
      ForEachChange(subsystems, subsystems_, [this](const std::string& nqn, const Subsystem* now) {
        return effects_->SubsystemIs(nqn, now);
      }));
  applied.Update(ForEachChange(kept, lvols_, lvol_is));
  return applied;
}

FakeSpdk::Outcome FakeSpdk::PerformWithEffects(const std::string& method, const Struct& params) {
  if (effects_ == nullptr) return Perform(method, params);
  for (auto& [nqn, subsystem] : subsystems_) subsystem.connected = effects_->Connected(nqn);
  const auto lvols = lvols_;
  const auto subsystems = subsystems_;
  Outcome outcome = Perform(method, params);
  const absl::Status applied = Apply(lvols, subsystems);
  if (applied.ok()) return outcome;
  lvols_ = lvols;
  subsystems_ = subsystems;
  return {{}, {-32603, absl::StrCat("Internal error: ", applied.message())}};
}

FakeSpdk::Outcome FakeSpdk::Perform(const std::string& method, const Struct& params) {
  if (method == "bdev_get_bdevs") return Bdevs(params);
  if (method == "bdev_lvol_get_lvstores") return Stores(params);
  if (method == "bdev_lvol_create") return CreateLvol(params);
  if (method == "bdev_lvol_resize") return ResizeLvol(params);
  if (method == "bdev_lvol_delete") {
    // Under a writer, too.
    if (lvols_.erase(Get(params, "name")) == 0) return {{}, {-19, "No such device"}};
    for (auto& [nqn, subsystem] : subsystems_) {
      if (subsystem.bdev == Get(params, "name")) subsystem.bdev.clear();
    }
    return {True()};
  }
  if (method == "nvmf_get_subsystems") return Subsystems(params);
  if (method.starts_with("nvmf_")) return ChangeSubsystem(method, params);
  return {{}, {-32601, "Method not found"}};
}

FakeSpdk::Outcome FakeSpdk::Bdevs(const Struct& params) {
  std::vector<Value> bdevs;
  for (const auto& [uuid, lvol] : lvols_) {
    if (!Get(params, "name").empty() && Get(params, "name") != uuid) continue;
    const Value driver =
        Object({{"lvol",
                 Object({{"lvol_store_uuid", Text(kStoreUuid)}, {"base_bdev", Text("nvme0n1")}})}});
    bdevs.push_back(Object({{"name", Text(uuid)},
                            {"aliases", List({Text(absl::StrCat(kStore, "/", lvol.name))})},
                            {"product_name", Text("Logical Volume")},
                            {"block_size", Number(kBlock)},
                            {"num_blocks", Number(lvol.size_bytes / kBlock)},
                            {"uuid", Text(uuid)},
                            {"driver_specific", driver}}));
  }
  if (bdevs.empty() && !Get(params, "name").empty()) return {{}, {-19, "No such device"}};
  return {List(bdevs)};
}

FakeSpdk::Outcome FakeSpdk::Stores(const Struct& params) {
  if (Get(params, "lvs_name") != kStore) return {{}, {-19, "No such device"}};
  return {List({Object({{"uuid", Text(kStoreUuid)},
                        {"name", Text(kStore)},
                        {"total_data_clusters", Number(clusters_)},
                        {"free_clusters", Number(FreeClusters())},
                        {"cluster_size", Number(kCluster)}})})};
}

FakeSpdk::Outcome FakeSpdk::CreateLvol(const Struct& params) {
  const std::string name = Get(params, "lvol_name");
  if (Get(params, "lvs_name") != kStore) return {{}, {-19, "No such device"}};
  if (name.size() > 63) return {{}, {-22, "Invalid argument"}};
  for (const auto& [uuid, lvol] : lvols_) {
    if (lvol.name == name) return {{}, {-17, "File exists"}};
  }
  const std::int64_t clusters = Clusters(GetNumber(params, "size_in_mib") << 20);
  const bool thin = params.fields().contains("thin_provision") &&
                    params.fields().at("thin_provision").bool_value();
  if (!thin && clusters > FreeClusters()) return {{}, {-32602, "No space left on device"}};
  const std::string uuid = volume::Uuid::Random().Dashed();
  lvols_.emplace(uuid, Lvol{name, clusters * kCluster, thin});
  return {Text(uuid)};
}

FakeSpdk::Outcome FakeSpdk::ResizeLvol(const Struct& params) {
  const auto found = lvols_.find(Get(params, "name"));
  if (found == lvols_.end()) return {{}, {-19, "No such device"}};
  // Smaller, too.
  found->second.size_bytes = Clusters(GetNumber(params, "size_in_mib") << 20) * kCluster;
  return {True()};
}

FakeSpdk::Outcome FakeSpdk::Subsystems(const Struct& params) {
  std::vector<Value> all;
  for (const auto& [nqn, subsystem] : subsystems_) {
    if (!Get(params, "nqn").empty() && Get(params, "nqn") != nqn) continue;
    std::vector<Value> hosts;
    for (const std::string& host : subsystem.hosts) hosts.push_back(Object({{"nqn", Text(host)}}));
    std::vector<Value> namespaces;
    if (!subsystem.bdev.empty()) {
      namespaces.push_back(Object({{"nsid", Number(1)}, {"bdev_name", Text(subsystem.bdev)}}));
    }
    std::vector<Value> listeners;
    for (const std::string& address : subsystem.listeners) {
      const std::size_t colon = address.rfind(':');
      listeners.push_back(Object({{"trtype", Text("TCP")},
                                  {"traddr", Text(address.substr(0, colon))},
                                  {"trsvcid", Text(address.substr(colon + 1))}}));
    }
    all.push_back(Object({{"nqn", Text(nqn)},
                          {"allow_any_host", Bool(subsystem.allow_any_host)},
                          {"hosts", List(hosts)},
                          {"namespaces", List(namespaces)},
                          {"listen_addresses", List(listeners)}}));
  }
  if (all.empty() && !Get(params, "nqn").empty()) return {{}, {-19, "No such device"}};
  return {List(all)};
}

FakeSpdk::Outcome FakeSpdk::ChangeSubsystem(const std::string& method, const Struct& params) {
  const Outcome invalid = {{}, {-32602, "Invalid parameters"}};
  const Outcome internal = {{}, {-32603, "Internal error"}};
  const std::string nqn = Get(params, "nqn");
  const auto found = subsystems_.find(nqn);
  if (method == "nvmf_create_subsystem") {
    if (found != subsystems_.end()) {
      return {{}, {-32603, absl::StrCat("Unable to create subsystem ", nqn)}};
    }
    subsystems_[nqn].serial = Get(params, "serial_number");
    return {True()};
  }
  if (found == subsystems_.end()) return invalid;
  Subsystem& subsystem = found->second;
  const auto host = std::find(subsystem.hosts.begin(), subsystem.hosts.end(), Get(params, "host"));
  if (method == "nvmf_subsystem_add_ns") {
    const std::string bdev = Get(GetObject(params, "namespace"), "bdev_name");
    if (!subsystem.bdev.empty() || !lvols_.contains(bdev)) return invalid;
    subsystem.bdev = bdev;
    return {Number(1)};
  }
  if (method == "nvmf_subsystem_add_host") {
    if (host != subsystem.hosts.end()) return internal;
    subsystem.hosts.push_back(Get(params, "host"));
    return {True()};
  }
  if (method == "nvmf_subsystem_remove_host") {
    if (host == subsystem.hosts.end()) return internal;
    subsystem.connected.erase(*host);
    subsystem.hosts.erase(host);
    return {True()};
  }
  if (method == "nvmf_subsystem_add_listener") {
    const Struct& address = GetObject(params, "listen_address");
    const std::string text = absl::StrCat(Get(address, "traddr"), ":", Get(address, "trsvcid"));
    if (std::find(subsystem.listeners.begin(), subsystem.listeners.end(), text) !=
        subsystem.listeners.end()) {
      return invalid;
    }
    subsystem.listeners.push_back(text);
    return {True()};
  }
  if (method == "nvmf_subsystem_get_controllers") {
    std::vector<Value> controllers;
    for (const std::string& each : subsystem.connected) {
      controllers.push_back(Object({{"cntlid", Number(1)}, {"hostnqn", Text(each)}}));
    }
    return {List(controllers)};
  }
  if (method == "nvmf_delete_subsystem") {
    subsystems_.erase(found);
    return {True()};
  }
  return {{}, {-32601, "Method not found"}};
}

std::int64_t FakeSpdk::FreeClusters() const {
  std::int64_t free = clusters_;
  for (const auto& [uuid, lvol] : lvols_) {
    if (!lvol.thin) free -= lvol.size_bytes / kCluster;
  }
  return free;
}

}  // namespace nvmeof::testing
