#include "tests/fakes/spdk_state.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

#include "tests/fakes/json_values.h"
#include "volume/uuid.h"

namespace nvmeof::testing {
namespace {

constexpr std::int64_t kCluster = std::int64_t{4} << 20;
constexpr std::int64_t kBlock = 4096;
constexpr std::size_t kLongestLvolName = 63;
constexpr char kStore[] = "store";
constexpr char kStoreUuid[] = "5f0c2a9e-1f4b-4b52-9d3e-6b8f0d6a7c11";

SpdkOutcome Failed(int code, std::string message) {
  return {.error = SpdkError{code, std::move(message)}};
}
SpdkOutcome NoSuchDevice() { return Failed(-19, "No such device"); }
SpdkOutcome InvalidArgument() { return Failed(-22, "Invalid argument"); }
SpdkOutcome Done() { return {json::Bool(true)}; }

std::string AliasOf(const FakeLvol& lvol) { return absl::StrCat(kStore, "/", lvol.name); }

std::int64_t Clusters(const google::protobuf::Struct& params) {
  const std::int64_t bytes =
      json::GetNumber(params, "size") + (json::GetNumber(params, "size_in_mib") << 20);
  return (bytes + kCluster - 1) / kCluster;
}

bool NamesStore(const google::protobuf::Struct& params, const std::string& uuid) {
  return json::GetText(params, "lvs_name") == kStore || json::GetText(params, uuid) == kStoreUuid;
}

}  // namespace

SpdkOutcome SpdkState::Perform(const std::string& method, const google::protobuf::Value* params) {
  static const auto& performers =
      *new std::map<std::string, SpdkOutcome (SpdkState::*)(const Struct&)>{
          {"rpc_get_methods", &SpdkState::Methods},
          {"spdk_get_version", &SpdkState::Version},
          {"bdev_get_bdevs", &SpdkState::Bdevs},
          {"bdev_lvol_get_lvstores", &SpdkState::Stores},
          {"bdev_lvol_get_lvols", &SpdkState::ListLvols},
          {"bdev_lvol_create", &SpdkState::CreateLvol},
          {"bdev_lvol_resize", &SpdkState::ResizeLvol},
          {"bdev_lvol_delete", &SpdkState::DeleteLvol},
          {"nvmf_create_transport", &SpdkState::CreateTransport},
          {"nvmf_get_subsystems", &SpdkState::ListSubsystems},
          {"nvmf_create_subsystem", &SpdkState::CreateSubsystem},
          {"nvmf_delete_subsystem", &SpdkState::DeleteSubsystem},
          {"nvmf_subsystem_add_ns", &SpdkState::AddNamespace},
          {"nvmf_subsystem_add_host", &SpdkState::AddHost},
          {"nvmf_subsystem_remove_host", &SpdkState::RemoveHost},
          {"nvmf_subsystem_add_listener", &SpdkState::AddListener},
          {"nvmf_subsystem_get_controllers", &SpdkState::Controllers}};
  const std::optional<SpdkError> refusal = RefusalOf(version, method, params);
  if (refusal.has_value()) return {.error = *refusal};
  // The one method that tells no parameters from empty ones.
  if (method == "bdev_lvol_get_lvstores" && params != nullptr &&
      params->struct_value().fields().empty()) {
    return InvalidArgument();
  }
  return (this->*performers.at(method))(params == nullptr ? Struct() : params->struct_value());
}

SpdkOutcome SpdkState::Methods(const Struct&) {
  std::vector<json::Value> names;
  for (const std::string& each : MethodsOf(version)) names.push_back(json::Text(each));
  return {json::List(names)};
}

SpdkOutcome SpdkState::Version(const Struct&) {
  return {
      json::Object({{"version", json::Text(absl::StrCat("SPDK v", FormatSpdkVersion(version)))}})};
}

SpdkOutcome SpdkState::Bdevs(const Struct& params) {
  const std::string name = json::GetText(params, "name");
  if (!name.empty() && FindLvol(name) == lvols.end()) return NoSuchDevice();
  std::vector<json::Value> bdevs;
  for (const auto& [uuid, lvol] : lvols) {
    if (!name.empty() && name != uuid && name != AliasOf(lvol)) continue;
    const json::Value driver =
        json::Object({{"lvol", json::Object({{"lvol_store_uuid", json::Text(kStoreUuid)},
                                             {"base_bdev", json::Text("nvme0n1")},
                                             {"thin_provision", json::Bool(lvol.thin)}})}});
    bdevs.push_back(json::Object({{"name", json::Text(uuid)},
                                  {"aliases", json::List({json::Text(AliasOf(lvol))})},
                                  {"product_name", json::Text("Logical Volume")},
                                  {"block_size", json::Number(kBlock)},
                                  {"num_blocks", json::Number(lvol.size_bytes / kBlock)},
                                  {"uuid", json::Text(uuid)},
                                  {"driver_specific", driver}}));
  }
  return {json::List(bdevs)};
}

SpdkOutcome SpdkState::Stores(const Struct& params) {
  if (!params.fields().empty() && !NamesStore(params, "uuid")) return NoSuchDevice();
  return {json::List({json::Object({{"uuid", json::Text(kStoreUuid)},
                                    {"name", json::Text(kStore)},
                                    {"total_data_clusters", json::Number(clusters)},
                                    {"free_clusters", json::Number(FreeClusters())},
                                    {"cluster_size", json::Number(kCluster)}})})};
}

SpdkOutcome SpdkState::ListLvols(const Struct& params) {
  if (!params.fields().empty() && !NamesStore(params, "lvs_uuid")) return NoSuchDevice();
  std::vector<json::Value> all;
  for (const auto& [uuid, lvol] : lvols) {
    all.push_back(json::Object({{"alias", json::Text(AliasOf(lvol))},
                                {"uuid", json::Text(uuid)},
                                {"name", json::Text(lvol.name)},
                                {"is_thin_provisioned", json::Bool(lvol.thin)}}));
  }
  return {json::List(all)};
}

SpdkOutcome SpdkState::CreateLvol(const Struct& params) {
  const std::string name = json::GetText(params, "lvol_name");
  if (!NamesStore(params, "uuid")) return NoSuchDevice();
  if (name.empty() || name.size() > kLongestLvolName) return InvalidArgument();
  const std::set<std::string> clear_methods = {"", "none", "unmap", "write_zeroes"};
  if (!clear_methods.contains(json::GetText(params, "clear_method"))) return InvalidArgument();
  if (FindLvol(absl::StrCat(kStore, "/", name)) != lvols.end()) return Failed(-17, "File exists");
  const std::int64_t wanted = Clusters(params);
  const bool thin = json::GetBool(params, "thin_provision");
  if (!thin && wanted > FreeClusters()) return Failed(-32602, "No space left on device");
  const std::string uuid = volume::Uuid::Random().Dashed();
  lvols.emplace(uuid, FakeLvol{name, wanted * kCluster, thin});
  return {json::Text(uuid)};
}

SpdkOutcome SpdkState::ResizeLvol(const Struct& params) {
  const auto found = FindLvol(json::GetText(params, "name"));
  if (found == lvols.end()) return NoSuchDevice();
  auto& [uuid, lvol] = *found;
  const std::int64_t wanted = Clusters(params) * kCluster;
  const bool shrinks = wanted < lvol.size_bytes;
  if (!shrinks && !lvol.thin && (wanted - lvol.size_bytes) / kCluster > FreeClusters()) {
    return Failed(-32602, "No space left on device");
  }
  lvol.size_bytes = wanted;
  return shrinks && IsExported(uuid) ? Failed(-32602, "Device or resource busy") : Done();
}

SpdkOutcome SpdkState::DeleteLvol(const Struct& params) {
  const auto found = FindLvol(json::GetText(params, "name"));
  if (found == lvols.end()) return NoSuchDevice();
  // Under a writer, too.
  for (auto& [nqn, subsystem] : subsystems) {
    if (subsystem.bdev == found->first) subsystem.bdev.clear();
  }
  lvols.erase(found);
  return Done();
}

SpdkState::Lvols::iterator SpdkState::FindLvol(const std::string& name) {
  return absl::c_find_if(
      lvols, [&](const auto& each) { return each.first == name || AliasOf(each.second) == name; });
}

bool SpdkState::IsExported(const std::string& uuid) const {
  return absl::c_any_of(subsystems, [&](const auto& each) { return each.second.bdev == uuid; });
}

std::int64_t SpdkState::FreeClusters() const {
  std::int64_t free = clusters;
  for (const auto& [uuid, lvol] : lvols) {
    if (!lvol.thin) free -= lvol.size_bytes / kCluster;
  }
  return free;
}

}  // namespace nvmeof::testing
