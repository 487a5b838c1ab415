// What the methods of nvmf do.
#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "tests/fakes/json_values.h"
#include "tests/fakes/spdk_state.h"
#include "volume/uuid.h"

namespace nvmeof::testing {
namespace {

constexpr std::size_t kShortestNqn = 11;
constexpr std::size_t kLongestNqn = 223;
constexpr std::size_t kLongestSerial = 20;
constexpr std::size_t kLongestModel = 40;
constexpr std::size_t kNguidDigits = 32;

SpdkOutcome InvalidParameters() { return {.error = SpdkError{-32602, "Invalid parameters"}}; }
SpdkOutcome Internal(std::string message = "Internal error") {
  return {.error = SpdkError{-32603, std::move(message)}};
}
SpdkOutcome True() { return {json::Bool(true)}; }

// "nqn.YYYY-MM.reverse.domain:anything", or that of a UUID.
bool IsNqn(absl::string_view text) {
  if (text.size() < kShortestNqn || text.size() > kLongestNqn) return false;
  absl::string_view uuid = text;
  if (absl::ConsumePrefix(&uuid, "nqn.2014-08.org.nvmexpress:uuid:")) {
    return volume::Uuid::Parse(uuid).ok();
  }
  if (!absl::ConsumePrefix(&text, "nqn.")) return false;
  constexpr absl::string_view kDate = "dddd-dd.";
  if (text.size() < kDate.size()) return false;
  for (std::size_t i = 0; i < kDate.size(); ++i) {
    if (kDate[i] == 'd' ? !absl::ascii_isdigit(static_cast<unsigned char>(text[i]))
                        : text[i] != kDate[i]) {
      return false;
    }
  }
  text.remove_prefix(kDate.size());
  const std::size_t colon = text.find(':');
  return colon != absl::string_view::npos && colon > 0 && colon + 1 < text.size();
}

bool IsNguid(const std::string& text) {
  return text.empty() ||
         (text.size() == kNguidDigits &&
          absl::c_all_of(text, [](unsigned char each) { return absl::ascii_isxdigit(each); }));
}

json::Value Show(const std::string& nqn, const FakeSubsystem& subsystem) {
  std::vector<json::Value> hosts;
  for (const std::string& host : subsystem.hosts) {
    hosts.push_back(json::Object({{"nqn", json::Text(host)}}));
  }
  std::vector<json::Value> namespaces;
  if (!subsystem.bdev.empty()) {
    namespaces.push_back(
        json::Object({{"nsid", json::Number(1)}, {"bdev_name", json::Text(subsystem.bdev)}}));
  }
  std::vector<json::Value> listeners;
  for (const std::string& address : subsystem.listeners) {
    const std::size_t colon = address.rfind(':');
    listeners.push_back(json::Object({{"trtype", json::Text("TCP")},
                                      {"traddr", json::Text(address.substr(0, colon))},
                                      {"trsvcid", json::Text(address.substr(colon + 1))}}));
  }
  return json::Object({{"nqn", json::Text(nqn)},
                       {"serial_number", json::Text(subsystem.serial)},
                       {"allow_any_host", json::Bool(subsystem.allow_any_host)},
                       {"hosts", json::List(hosts)},
                       {"namespaces", json::List(namespaces)},
                       {"listen_addresses", json::List(listeners)}});
}

}  // namespace

SpdkOutcome SpdkState::CreateTransport(const Struct& params) {
  const std::string type = absl::AsciiStrToUpper(json::GetText(params, "trtype"));
  if (type != "TCP") {
    return {.error = SpdkError{-32602, absl::StrCat("Invalid transport type '", type, "'")}};
  }
  if (transports.insert(type).second) return True();
  return Internal(absl::StrCat("Transport type '", type, "' already exists"));
}

SpdkOutcome SpdkState::ListSubsystems(const Struct& params) {
  const std::string wanted = json::GetText(params, "nqn");
  std::vector<json::Value> all;
  for (const auto& [nqn, subsystem] : subsystems) {
    if (wanted.empty() || wanted == nqn) all.push_back(Show(nqn, subsystem));
  }
  if (all.empty() && !wanted.empty()) return {.error = SpdkError{-19, "No such device"}};
  return {json::List(all)};
}

SpdkOutcome SpdkState::CreateSubsystem(const Struct& params) {
  const std::string nqn = json::GetText(params, "nqn");
  if (subsystems.contains(nqn) || !IsNqn(nqn)) {
    return Internal(absl::StrCat("Unable to create subsystem ", nqn));
  }
  const std::string serial = json::GetText(params, "serial_number");
  if (serial.size() > kLongestSerial ||
      json::GetText(params, "model_number").size() > kLongestModel) {
    return InvalidParameters();
  }
  FakeSubsystem& made = subsystems[nqn];
  made.serial = serial;
  made.allow_any_host = json::GetBool(params, "allow_any_host");
  return True();
}

SpdkOutcome SpdkState::DeleteSubsystem(const Struct& params) {
  const FakeSubsystem* const subsystem = FindSubsystem(params);
  if (subsystem == nullptr) return InvalidParameters();
  if (subsystem->changing) {
    return Internal("Subsystem currently in another state change try again later.");
  }
  subsystems.erase(json::GetText(params, "nqn"));
  return True();
}

SpdkOutcome SpdkState::AddNamespace(const Struct& params) {
  FakeSubsystem* const subsystem = FindSubsystem(params);
  const Struct& ns = json::GetObject(params, "namespace");
  const auto lvol = FindLvol(json::GetText(ns, "bdev_name"));
  if (subsystem == nullptr || !subsystem->bdev.empty() || lvol == lvols.end() ||
      IsExported(lvol->first) || !IsNguid(json::GetText(ns, "nguid"))) {
    return InvalidParameters();
  }
  subsystem->bdev = lvol->first;
  return {json::Number(1)};
}

SpdkOutcome SpdkState::AddHost(const Struct& params) {
  FakeSubsystem* const subsystem = FindSubsystem(params);
  if (subsystem == nullptr) return InvalidParameters();
  const std::string host = json::GetText(params, "host");
  if (absl::c_linear_search(subsystem->hosts, host) || !IsNqn(host)) return Internal();
  subsystem->hosts.push_back(host);
  return True();
}

SpdkOutcome SpdkState::RemoveHost(const Struct& params) {
  FakeSubsystem* const subsystem = FindSubsystem(params);
  if (subsystem == nullptr) return InvalidParameters();
  const std::string host = json::GetText(params, "host");
  if (std::erase(subsystem->hosts, host) == 0) return Internal();
  subsystem->connected.erase(host);
  return True();
}

SpdkOutcome SpdkState::AddListener(const Struct& params) {
  FakeSubsystem* const subsystem = FindSubsystem(params);
  const Struct& address = json::GetObject(params, "listen_address");
  const std::string text =
      absl::StrCat(json::GetText(address, "traddr"), ":", json::GetText(address, "trsvcid"));
  if (subsystem == nullptr ||
      !transports.contains(absl::AsciiStrToUpper(json::GetText(address, "trtype"))) ||
      absl::c_linear_search(subsystem->listeners, text)) {
    return InvalidParameters();
  }
  if (json::GetBool(params, "secure_channel") && subsystem->allow_any_host) return Internal();
  subsystem->listeners.push_back(text);
  return True();
}

SpdkOutcome SpdkState::Controllers(const Struct& params) {
  const FakeSubsystem* const subsystem = FindSubsystem(params);
  if (subsystem == nullptr) return InvalidParameters();
  std::vector<json::Value> controllers;
  for (const std::string& each : subsystem->connected) {
    controllers.push_back(
        json::Object({{"cntlid", json::Number(1)}, {"hostnqn", json::Text(each)}}));
  }
  return {json::List(controllers)};
}

FakeSubsystem* SpdkState::FindSubsystem(const Struct& params) {
  const auto found = subsystems.find(json::GetText(params, "nqn"));
  return found == subsystems.end() ? nullptr : &found->second;
}

}  // namespace nvmeof::testing
