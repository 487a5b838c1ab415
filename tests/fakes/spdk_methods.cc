#include "tests/fakes/spdk_methods.h"

#include <limits>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace nvmeof::testing {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

enum class Need { kOptional, kRequired };

struct Parameter {
  std::string name;
  Value::KindCase kind = Value::kStringValue;
  Need need = Need::kOptional;
  int since = 0;
  int until = std::numeric_limits<int>::max();  // the first version without it
  std::vector<Parameter> fields = {};           // of an object
};

struct Method {
  std::string name;
  std::vector<Parameter> parameters;
  int since = 0;
};

constexpr auto kText = Value::kStringValue;
constexpr auto kNumber = Value::kNumberValue;
constexpr auto kFlag = Value::kBoolValue;
constexpr auto kObject = Value::kStructValue;

Parameter Required(std::string name) { return {std::move(name), kText, Need::kRequired}; }
Parameter Optional(std::string name, Value::KindCase kind = kText, int since = 0) {
  return {std::move(name), kind, Need::kOptional, since};
}

// Bytes until 23.01, either of them until 24.01, MiB from 24.05 on.
std::vector<Parameter> WithSize(std::vector<Parameter> others) {
  others.push_back({"size", kNumber, Need::kRequired, 0, 2305});
  others.push_back({"size", kNumber, Need::kOptional, 2305, 2405});
  others.push_back({"size_in_mib", kNumber, Need::kOptional, 2305, 2405});
  others.push_back({"size_in_mib", kNumber, Need::kRequired, 2405});
  return others;
}

Parameter Namespace() {
  return {.name = "namespace",
          .kind = kObject,
          .need = Need::kRequired,
          .fields = {Required("bdev_name"), Optional("nsid", kNumber), Optional("nguid"),
                     Optional("eui64"), Optional("uuid"), Optional("anagrpid", kNumber),
                     Optional("ptpl_file"), Optional("no_auto_visible", kFlag, 2405)}};
}

Parameter ListenAddress() {
  return {
      .name = "listen_address",
      .kind = kObject,
      .need = Need::kRequired,
      .fields = {Required("trtype"), Required("traddr"), Optional("adrfam"), Optional("trsvcid")}};
}

std::vector<Method> LvolMethods() {
  return {
      {"bdev_lvol_get_lvstores", {Optional("uuid"), Optional("lvs_name")}},
      {"bdev_lvol_get_lvols", {Optional("lvs_uuid"), Optional("lvs_name")}, 2305},
      {"bdev_lvol_create", WithSize({Required("lvol_name"), Optional("uuid"), Optional("lvs_name"),
                                     Optional("thin_provision", kFlag), Optional("clear_method")})},
      {"bdev_lvol_delete", {Required("name")}},
      {"bdev_lvol_resize", WithSize({Required("name")})},
  };
}

std::vector<Method> NvmfMethods() {
  return {
      {"nvmf_create_transport", {Required("trtype")}},
      {"nvmf_get_subsystems", {Optional("nqn"), Optional("tgt_name")}},
      {"nvmf_create_subsystem",
       {Required("nqn"),
        Optional("serial_number"),
        Optional("model_number"),
        Optional("max_namespaces", kNumber),
        Optional("allow_any_host", kFlag),
        Optional("ana_reporting", kFlag),
        Optional("min_cntlid", kNumber),
        Optional("max_cntlid", kNumber),
        Optional("tgt_name"),
        {"max_discard_size_kib", kNumber, Need::kOptional, 2401, 2605},
        {"max_write_zeroes_size_kib", kNumber, Need::kOptional, 2401, 2605},
        Optional("dmrsl", kNumber, 2605),
        Optional("wzsl", kNumber, 2605),
        Optional("passthrough", kFlag, 2409),
        Optional("enable_nssr", kFlag, 2509)}},
      {"nvmf_delete_subsystem", {Required("nqn"), Optional("tgt_name")}},
      {"nvmf_subsystem_add_ns", {Required("nqn"), Namespace(), Optional("tgt_name")}},
      {"nvmf_subsystem_add_host",
       {Required("nqn"), Required("host"), Optional("tgt_name"), Optional("psk", kText, 2305),
        Optional("dhchap_key", kText, 2405), Optional("dhchap_ctrlr_key", kText, 2405)}},
      {"nvmf_subsystem_remove_host",
       {Required("nqn"), Required("host"), Optional("tgt_name"),
        Optional("timeout_ms", kNumber, 2605)}},
      {"nvmf_subsystem_add_listener",
       {Required("nqn"), ListenAddress(), Optional("tgt_name"),
        Optional("secure_channel", kFlag, 2305), Optional("ana_state", kText, 2401),
        Optional("sock_impl", kText, 2409)}},
      {"nvmf_subsystem_get_controllers", {Required("nqn"), Optional("tgt_name")}},
  };
}

std::vector<Method> AllMethods() {
  std::vector<Method> all = {
      {"rpc_get_methods", {Optional("current", kFlag)}},
      {"spdk_get_version", {}},
      {"bdev_get_bdevs", {Optional("name"), Optional("timeout", kNumber)}},
  };
  for (const auto& more : {LvolMethods(), NvmfMethods()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  absl::c_sort(all, [](const Method& a, const Method& b) { return a.name < b.name; });
  return all;
}

const std::vector<Method>& Methods() {
  static const auto& methods = *new std::vector<Method>(AllMethods());
  return methods;
}

bool Decodes(int version, const std::vector<Parameter>& known, const Struct& sent) {
  const auto is_there = [&](const Parameter& each) {
    return each.since <= version && version < each.until;
  };
  for (const auto& field : sent.fields()) {
    const Value& value = field.second;
    const auto found = absl::c_find_if(
        known, [&](const Parameter& each) { return each.name == field.first && is_there(each); });
    if (found == known.end() || value.kind_case() != found->kind) return false;
    if (found->kind == kObject && !Decodes(version, found->fields, value.struct_value())) {
      return false;
    }
  }
  return absl::c_all_of(known, [&](const Parameter& each) {
    return each.need == Need::kOptional || !is_there(each) || sent.fields().contains(each.name);
  });
}

}  // namespace

std::string FormatSpdkVersion(SpdkVersion version) {
  constexpr int kYear = 100;
  const int number = static_cast<int>(version);
  return absl::StrFormat("%02d.%02d", number / kYear, number % kYear);
}

std::vector<std::string> MethodsOf(SpdkVersion version) {
  std::vector<std::string> names;
  for (const Method& each : Methods()) {
    if (each.since <= static_cast<int>(version)) names.push_back(each.name);
  }
  return names;
}

std::optional<SpdkError> RefusalOf(SpdkVersion version, const std::string& method,
                                   const Value* params) {
  const int number = static_cast<int>(version);
  const auto known =
      absl::c_find_if(Methods(), [&](const Method& each) { return each.name == method; });
  if (known == Methods().end() || known->since > number) {
    return SpdkError{-32601, "Method not found"};
  }
  // Also an empty object where a method takes none.
  const bool decodes = params == nullptr
                           ? Decodes(number, known->parameters, Struct())
                           : !known->parameters.empty() && params->has_struct_value() &&
                                 Decodes(number, known->parameters, params->struct_value());
  if (decodes) return std::nullopt;
  if (absl::StartsWith(method, "bdev_lvol_")) {
    return SpdkError{-32603, "spdk_json_decode_object failed"};
  }
  return SpdkError{-32602, "Invalid parameters"};
}

}  // namespace nvmeof::testing
